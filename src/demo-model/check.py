"""What can be checked of a text of the demo model without reading it.

A story of the corpus has one or two characters, a thing with a colour, and nobody and nothing
else.  So a name that was never introduced, a pronoun of nobody, a second colour of the same thing
are faults, and a program can find them.
"""
import re

from generate_corpus import BOYS, COLOURS, FOODS, GIRLS, KINDS, SKILLS, THINGS, sex_of

NAME = re.compile(r"\b(" + "|".join(GIRLS + BOYS) + r")\b")
KIND = "(" + "|".join(sorted(set(KINDS))) + ")"
PRONOUN = re.compile(r"\b(?:(she|her|herself)|(he|him|his|himself))\b", re.IGNORECASE)
COLOURED = re.compile(r"\b(" + "|".join(COLOURS) + r") (" + "|".join(THINGS) + r"|flower|light)\b")
THING = re.compile(r"\b(" + "|".join(THINGS) + r")\b")
FOOD = re.compile(r"\b(" + "|".join(f.split()[-1] for f in FOODS) + r")\b")
SKILL = re.compile(r"\b(?:can|can not|could|learn to) (" + "|".join(SKILLS) + r")\b")
# pronouns that can only mean the one who was just named, and those that can only mean the other
SELF = re.compile(NAME.pattern + r"(?: (?:lost|played with) (his|her)\b|, and (he|she) (?:was|gave|went|wanted)\b)")
OTHER = re.compile(NAME.pattern + rf"(?: the {KIND})? (?:heard|helped|hugged|gave) (?:him|(her))\b")
NEAR = 40       # characters: "There was once a fox. His name was Ben."


def faults(text):
    """The faults of a story, as sentences; none is a good sign and no proof."""
    first = {}
    for m in NAME.finditer(text):
        first.setdefault(m[1], m.start())
    found = [f"{len(first)} characters: {', '.join(first)}"] if len(first) > 2 or not first else []
    for name, at in first.items():
        known = text[:at].endswith(("named ", "called ", "name was ", "friend ")) or \
            re.match(rf"{name} (the|was an?( \w+)?) {KIND}\b", text[at:])
        if not known:
            found.append(f"{name} is not introduced")
        kinds = set(re.findall(rf"\b{KIND} (?:named|called) {name}\b", text)) | \
            set(re.findall(rf"\b{name} (?:the|was an?(?: \w+)?) {KIND}\b", text)) | \
            set(re.findall(rf"\b{KIND}\. (?:His|Her) name was {name}\b", text))
        if len(kinds) > 1 or {"girl": "f", "boy": "m"}.get(next(iter(kinds), ""), sex_of(name)) != sex_of(name):
            found.append(f"{name} is {' and '.join(sorted(kinds))}")
    for m in PRONOUN.finditer(text):
        sex = "f" if m[1] else "m"
        if not any(sex_of(n) == sex and at < m.end() + NEAR for n, at in first.items()):
            found.append(f"{m[0]} is nobody")
            break
    for m in SELF.finditer(text):
        if ((m[2] or m[3]) in ("her", "she")) != (sex_of(m[1]) == "f"):
            found.append(f"wrong pronoun: {m[0]}")
    for m in OTHER.finditer(text):
        if bool(m[3]) == (sex_of(m[1]) == "f"):
            found.append(f"wrong pronoun: {m[0]}")
    colours = {}
    for colour, thing in COLOURED.findall(text):
        colours.setdefault(thing, set()).add(colour)
    found += [f"the {t} is {' and '.join(sorted(c))}" for t, c in colours.items() if len(c) > 1]
    for what, words in (("things", THING), ("foods", FOOD), ("skills", SKILL)):
        seen = set(words.findall(text))
        if len(seen) > 1:
            found.append(f"{len(seen)} {what}: {', '.join(sorted(seen))}")
    return found
