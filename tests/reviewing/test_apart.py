"""What tells the names of a program apart."""

from autograd_lite.reviewing.apart import apart, between, families


def test_between_what_names_begin_and_end_with():
    assert between("db_out", "db_hid") == ("out", "hid", "db__")
    assert between("W", "W2") == ("", "2", "W_")


def test_a_few_letters_or_a_word_tell_names_apart():
    assert apart("dWx", "dWh") == ("x", "h", "dW_")
    assert apart("hidden_bias", "output_bias") == ("hidden", "output", "__bias")
    assert apart("alpha", "omega") is None
    assert apart("dW1", "dW2") is None  # numbers do


def test_what_stands_for_what():
    found = families({"W1", "W2", "b1", "b2", "Wx", "Wh", "bx", "bh"})
    assert {("1", "2"), ("2", "1"), ("x", "h"), ("h", "x"), ("+", "1"), ("-", "1")} <= {*found}
    assert ("W", "b") not in found  # in one pair of names alone, beside what numbers tell
    assert families({"W", "W2", "b", "b2"})[:2] == [("2", ""), ("", "2")]
    assert families({"alpha", "omega"}) == []
