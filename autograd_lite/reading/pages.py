"""Files of a derivation: a LaTeX document, Markdown, and a page of HTML."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

TEX = r"""\documentclass[border=1em]{standalone}
\usepackage{amsmath,amssymb}
\providecommand{\lt}{<}
\providecommand{\gt}{>}
\begin{document}
$\displaystyle
%s
$
\end{document}
"""
MARKDOWN = """$$
%s
$$

```text
%s
```
"""
HTML = r"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Derivation</title>
<script async src="https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-chtml.js"></script>
</head>
<body>
<div>
\[
%s
\]
</div>
<pre>
%s
</pre>
</body>
</html>
"""

# By the ending of its name, what a file holds, given the LaTeX and the text of a derivation.
PAGES: dict[str, Callable[[str, str], str]] = {
    ".tex": lambda latex, text: TEX % latex,
    ".md": lambda latex, text: MARKDOWN % (latex, text),
    ".html": lambda latex, text: HTML % (escape(latex), escape(text)),
}
