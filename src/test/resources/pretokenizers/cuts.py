"""Cuts texts into words with llama.cpp itself, into cuts.json.

Run with the directory of llama-vocab.cpp and unicode.cpp, and a C++ compiler: python3 cuts.py llama.cpp/src. The
expressions are read from llama-vocab.cpp; the texts are made here, with a fixed seed.
"""

import ast
import ctypes
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
TEXTS_EACH = 12

SHIM = r"""
#include "unicode.h"
#include <cstring>
extern "C" int cut(const char *text, int bytes, const char *const *regexes, int count, int *lengths) {
  int words = 0;
  for (auto &word : unicode_regex_split(std::string(text, bytes), {regexes, regexes + count}, false))
    lengths[words++] = word.size();
  return words;
}
"""

# Of every kind that some expression treats in its own way.
ALPHABET = (
    list(" \t\n\r\v\f\u00a0\u0085\u2028\u3000")
    + list("aZéßΩжЯǅʰªאعहกㅎ가中龥ࠀ한あア々ー")
    + list("0123456789٣²½Ⅷ㊀")
    + list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡«»–—‘’“”…。、！：～€§©+<=>^~|`")
    + list("\u0301\u0940\u20e3\u200d\ufe0f\u200b\ufeff😀🦙🏳𐐀𐓘𞤀𑢠\U000e0041")
)
WORDS = ["'s", "'S", "'re", "'LL", "'d", "x'm", "  ", "   ", "\n\n", "\r\n", " \n ", "123", "1234567", "word", " Word", "CamelCase",
         "ﬀ", "İ", "don't", "DON'T", "über", " ünï", "3.14", "a1b2", "://", "```", "$x^2", "日本語", " 한국어", "мир", "שלום"]


def expressions(source):
    """By the names in tokenizer.ggml.pre."""
    constructor = source[source.index("struct llm_tokenizer_bpe "):source.index("struct llm_tokenizer_bpe_session ")]
    by_type, types, regexes = {}, [], None
    for line in map(str.strip, constructor.splitlines()):
        if label := re.match(r"case LLAMA_VOCAB_PRE_TYPE_(\w+):|(default):", line):
            types.append(label[1] or "DEFAULT")
        elif line.startswith("regex_exprs = {"):
            regexes = []
        elif regexes is not None and line.startswith("}"):
            by_type |= dict.fromkeys(types, regexes)
            types, regexes = [], None
        elif regexes is not None and (literal := re.match(r'"(?:[^"\\]|\\.)*"', line)):
            regexes.append(ast.literal_eval(literal[0]))
    by_name, names = {}, []
    for name, pre_type in re.findall(r'tokenizer_pre == "([^"]+)"|\bpre_type = LLAMA_VOCAB_PRE_TYPE_(\w+);', source):
        if name:
            names.append(name)
        else:
            by_name |= {each: by_type[pre_type] for each in names}
            names = []
    return by_name


def boundaries(regexes):
    """The ends of every range that an expression spells out, and what stands beside them."""
    ends = {ord(end) + beside for regex in regexes for ends in re.findall(r"(\w)-(\w)", regex) for end in ends
            for beside in (-1, 0, 1)}
    return [chr(end) for end in sorted(ends) if end >= 0x80 and not 0xd800 <= end < 0xe000]


def texts(regexes, numbers):
    made = ["".join(numbers.choice([" ", "1", "b", "."]) + end for end in boundaries(regexes))]
    for _ in range(TEXTS_EACH):
        made.append("".join(numbers.choice(ALPHABET if numbers.random() < 0.6 else WORDS)
                            for _ in range(numbers.randint(1, 30))))
    return [text for text in made if text]


def library(folder):
    shim = pathlib.Path(tempfile.mkdtemp()) / "shim.cpp"
    shim.write_text(SHIM)
    subprocess.run(["g++", "-O1", "-std=c++17", "-shared", "-fPIC", "-I", folder, "-o", shim.with_suffix(".so"), shim,
                    folder / "unicode.cpp", folder / "unicode-data.cpp"], check=True)
    return ctypes.CDLL(str(shim.with_suffix(".so")))


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    cut = library(folder).cut
    numbers = random.Random(20260102)
    cases = []
    for name, regexes in sorted(expressions((folder / "llama-vocab.cpp").read_text("utf-8")).items()):
        if wanted and name not in wanted:
            continue
        pointers = (ctypes.c_char_p * len(regexes))(*[regex.encode() for regex in regexes])
        for text in texts(regexes, numbers):
            utf8 = text.encode()
            lengths = (ctypes.c_int * (len(utf8) + 1))()
            words = cut(utf8, len(utf8), pointers, len(regexes), lengths)
            cases.append({"pre": name, "text": text, "bytes": lengths[:words]})
    (HERE / "cuts.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")


main()
