"""Renders templates.txt with Python's Jinja and Hugging Face's settings, into renderings.json.

Run with Jinja2 3.1: python3 render.py. The templates stand between lines of "----"; a first line of "@{...}" gives
the variables, which else are those below.
"""

import datetime
import json
import pathlib

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5)

DEFAULTS = {
    "messages": [
        {"role": "system", "content": " Be terse. "},
        {"role": "user", "content": "Hi <b>\"2\" & 'x'</b>\n\u00fc \U0001f600"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "a1", "function": {"name": "f", "arguments": {"x": 1, "y": [True, None, 1.5]}}}]},
        {"role": "tool", "content": "7"},
        {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "image"}]},
    ],
    "words": ["pear", "Apple", "fig", "apple"],
    "numbers": [3, 1, 2, 2],
    "people": [{"name": "Bo", "age": 3}, {"name": "al", "age": 5}, {"name": "Cy", "age": 3, "x": {"y": 1}}],
    "d": {"b": 1, "a": {"c": [1, 2]}, "items": "shadow"},
    "text": "  Hello, w\u00f6rld \U0001f600!  ",
    "empty": "",
    "zero": 0,
    "nothing": None,
    "yes": True,
    "no": False,
    "pi": 3.14159,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "add_generation_prompt": True,
}


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body).set_lineno(line)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def main():
    folder = pathlib.Path(__file__).parent
    cases = []
    for source in folder.joinpath("templates.txt").read_bytes().decode().split("\n----\n"):
        variables = DEFAULTS
        if source.startswith("@"):
            first, source = source.split("\n", 1)
            variables = json.loads(first[1:])
        case = {"template": source}
        if variables is not DEFAULTS:
            case["variables"] = variables
        try:
            case["text"] = environment().from_string(source).render(**variables)
        except Exception as e:
            case["error"] = type(e).__name__ + ": " + str(e)
        cases.append(case)
    result = {"now": NOW.isoformat(), "variables": DEFAULTS, "cases": cases}
    folder.joinpath("renderings.json").write_text(json.dumps(result, indent=1) + "\n")
    print(len(cases), "cases,", sum("error" in case for case in cases), "errors")


main()
