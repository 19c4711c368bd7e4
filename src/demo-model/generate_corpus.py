#!/usr/bin/env python3
"""Writes the training text of the demo model: little stories and simple questions with answers.

Every document is one line of JSON: a list of turns.  A plain text is a list of one string; a
conversation is a list of "Question: ...\nAnswer: ..." strings, each of which the trainer closes
with the end-of-text token.  The trainer reads the documents in this order, so the first part of
a file of training text has more exercises in it, which teach to look up what was said before.

Only the standard library is used, and the same seed always writes the same file.

    python3 generate_corpus.py --docs 200000 --seed 1 --exercises-first --out train.jsonl
    python3 generate_corpus.py --docs 2000 --seed 2 --out heldout.jsonl

How a sentence is written down: "[a|b|c]" picks one of the alternatives (they may nest), and
"{slot}" is filled from the plan of the story, which settles who, where and what before the first
word.  The world is small on purpose, so that a small model can get it right: a story has a hero
and a friend, one of them a she and the other a he, and one thing with one colour.
"""
import argparse
import json
import random
import re

R = random.Random()
CHOICE = re.compile(r"\[([^\[\]]*)\]")


def say(template, slots):
    """Expands the alternatives of a template, innermost first, and then its slots."""
    n = 1
    while n:
        template, n = CHOICE.subn(lambda m: R.choice(m.group(1).split("|")), template)
    return template.format_map(slots)


def cap(s):
    return s[:1].upper() + s[1:]


def a(s):
    return ("an " if s[0] in "aeiou" else "a ") + s


# ---------------------------------------------------------------- the world

GIRLS = "Anna Lily Rosa Mia Emma Lucy Molly Clara".split()
BOYS = "Tom Ben Max Leo Sam Finn Jack Oscar".split()
PRONOUNS = {"f": ("she", "her", "her", "herself"), "m": ("he", "him", "his", "himself")}
KINDS = """girl boy girl boy cat dog fox bear rabbit mouse duck frog owl bird pig horse knight dragon
baker farmer""".split()
LOOKS = "little small young kind brave clever".split()
COLOURS = "red blue green yellow white black brown pink".split()
THINGS = "ball kite cup bell drum boat key lamp ring bike flute box".split()
PLACES = ["in the garden", "in the forest", "in the park", "by the river", "by the sea",
          "on the hill", "by the lake", "in the village", "on the beach", "in the field"]
HOMES = ["in the forest", "in a small house", "in a little village", "by the sea", "on a farm",
         "on a green hill", "near the river", "in an old town"]
SPOTS = ["under a big tree", "behind a stone", "in the tall grass", "under the old bridge",
         "behind a bush", "near the well"]
FOODS = ["an apple", "a pear", "some bread", "some soup", "a cake", "a pie", "some cheese"]
SKILLS = "swim sing dance read cook climb skate".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = """January February March April May June July August September October November
December""".split()
SEASONS = "spring summer autumn winter".split()
NUMBERS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen twenty""".split()


def sex_of(name):
    return "f" if name in GIRLS else "m"


def plan(kind=None, thing=None, colour=None):
    """Who, where and what of one story, as the slots of its sentences.  Everybody has only a few
    friends: when every name is equally likely, the likeliest is soon that of the hero again."""
    kind = kind or R.choice(KINDS)
    sex = {"girl": "f", "boy": "m"}.get(kind) or R.choice("fm")
    other = "m" if sex == "f" else "f"
    name = R.choice(GIRLS if sex == "f" else BOYS)
    at = (GIRLS if sex == "f" else BOYS).index(name)
    friends = [(BOYS if sex == "f" else GIRLS)[i % 8] for i in (at, at + 1)]
    kinds = list(dict.fromkeys(KINDS))
    at = kinds.index(kind)
    friend_kinds = [k for k in (kinds[(at + i) % len(kinds)] for i in (1, 2, 5))
                    if {"girl": "f", "boy": "m"}.get(k) in (None, other)]
    slots = dict(N=name, F=R.choice(friends), kind=kind, fkind=R.choice(friend_kinds), look=R.choice(LOOKS), thing=thing or R.choice(THINGS),
                 colour=colour or R.choice(COLOURS), colour2=R.choice(COLOURS), place=R.choice(PLACES),
                 home=R.choice(HOMES), food=R.choice(FOODS), skill=R.choice(SKILLS), day=R.choice(DAYS),
                 season=R.choice(SEASONS), number=R.choice(NUMBERS[2:8]))
    for prefix, who in (("", sex), ("f", other)):
        he, him, his, himself = PRONOUNS[who]
        slots.update({prefix + "he": he, prefix + "him": him, prefix + "his": his,
                      prefix + "himself": himself, prefix + "He": cap(he), prefix + "His": cap(his)})
    slots["spot"], slots["spot2"] = R.sample(SPOTS, 2)
    slots["thefood"] = "the " + slots["food"].split()[-1]
    slots["Home"] = cap(slots["home"])
    return slots


# ---------------------------------------------------------------- stories

# In the half of the stories that begin with their hero, the plot goes on with the name; in the
# others the plot's first sentence names the hero.
OPENINGS = [
    "Once upon a time[,|] there was {who}.", "Once upon a time[,|] there lived {who}.",
    "Once upon a time, {who} lived {home}.", "{Home}, there lived {who}.",
    "There once was {who}. {He} lived {home}.", "Long ago, {who} lived {home}.",
    "Long ago, there was {who}.", "{N} was a {look} {kind}. {He} lived {home}.",
    "There was once a {look} {kind}. {His} name was {N}.", "This is the story of {who}.",
]
WHEN = "[One day|One day|One sunny day|One cold day|One morning|Early one morning|On {day}|One {season} day],"
OBJECT_ENDS = [
    "{N} and {F} played with the {colour} {thing} all day.",
    "That night, the {colour} {thing} lay beside {his} bed, and {N} slept well.",
    "{N} took the {colour} {thing} home and was very happy.",
    "{N} never lost the {colour} {thing} again.",
]
FRIEND_ENDS = [
    "From that day on, {N} and {F} were [good|best] friends.", "After that, {N} and {F} met every day.",
    "{N} and {F} were very happy.", "{N} and {F} went home together.",
    "\"What a good day,\" said {N}, and {he} went to sleep.",
]

# Every plot: whether it ends with the thing or with the friends, and its sentences.
PLOTS = [
    (OBJECT_ENDS, [  # lost
        "{start} lost {his} {colour} {thing} {place}.",
        "[{He} was very sad.|\"Oh no! Where is my {thing}?\" {he} cried.|{He} loved that {thing} very much.]",
        "{He} looked {spot2}, but [it|the {thing}] was not there.",
        "Then {F} the {fkind} came by. \"[Why are you sad|What is wrong]?\" {fhe} asked.",
        "\"I lost my {colour} {thing},\" said {N}. \"I will help you,\" said {F}.",
        "[At last|Soon|In the end], {F} looked {spot}, and there was the {colour} {thing}!",
        "\"Thank you, {F}!\" said {N}. [{He} was very happy.|{He} hugged {fhim}.]"]),
    (FRIEND_ENDS, [  # found
        "{start} found a {colour} {thing} {spot}.",
        "\"[Whose {thing} is this|Who lost this {thing}]?\" {he} asked.",
        "[Nobody was there, so|Then] {he} walked down the road and met {F} the {fkind}.",
        "{F} was [very sad|crying]. \"I lost my {thing},\" {fhe} said. \"It is {colour}.\"",
        "\"Is this your {thing}?\" asked {N}, and {he} gave {fhim} the {colour} {thing}.",
        "\"Yes! Thank you, {N}!\" said {F}. [{fHe} was very happy.|\"You are very kind.\"]",
        "Then they ate {food} together."]),
    (FRIEND_ENDS, [  # share
        "{start} sat {place} with {food}.",
        "{F} the {fkind} came by and looked at {thefood}. [{fHe} looked very hungry.|{fHe} had no food.]",
        "\"Are you hungry?\" asked {N}. \"Yes, I am very hungry,\" said {F}.",
        "{N} smiled. {He} gave half of {thefood} to {F}.",
        "They ate {thefood} together and [looked at the river|sang a song|talked about the {season}].",
        "\"[Thank you, {N}|You are very kind, {N}],\" said {F}, and {fhe} gave {him} a {colour} {thing}.",
        "{N} loved the {colour} {thing}."]),
    (FRIEND_ENDS, [  # storm
        "{start} went for a walk {place}. {He} had a {colour} {thing} with {him}.",
        "[Soon|Then] the sky turned black, and it began to rain.",
        "{N} ran and sat {spot}. {F} the {fkind} was there too. {fHe} was cold and afraid.",
        "\"Do not be afraid,\" said {N}. \"You can hold my {colour} {thing}.\"",
        "{F} held the {thing}, and they [sang songs|told stories] until the rain stopped.",
        "Then the sun came out. \"Thank you, {N},\" said {F}, and {fhe} gave {him} the {colour} {thing} back."]),
    (FRIEND_ENDS, [  # learn
        "{start} wanted to learn to {skill}.",
        "{He} tried it {place}, but it was very hard. [{He} tried again and again.|]",
        "\"I can not {skill},\" said {N}, and {he} was [very|] sad.",
        "Then {F} the {fkind} came by. \"I can {skill}. I will help you,\" {fhe} said.",
        "Every day, {F} helped {him}. After {number} days, {N} could {skill}!",
        "{fHe} gave {him} a {colour} {thing}, and {N} loved the {colour} {thing} very much."]),
    (OBJECT_ENDS, [  # noise
        "{night} heard a noise. Tap, tap, tap!",
        "\"[Who is there|What is that]?\" asked {N}. {He} was afraid, but {he} wanted to be brave.",
        "{He} opened the door and looked out. It was {F} the {fkind}!",
        "\"[I am sorry|Hello], {N},\" said {F}. \"I found your {colour} {thing} {place}.\"",
        "\"[Oh, my|My] {colour} {thing}!\" said {N}. \"Thank you, {F}. Come in.\"",
        "They sat by the fire and ate {food}, and {N} was not afraid any more."]),
    (FRIEND_ENDS, [  # gift
        "{start} said, \"It is the birthday of my friend {F} the {fkind}!\"",
        "{N} wanted to give {fhim} something, but {he} had no money.",
        "[Then {he} had a good idea.|{He} thought for a long time.] {He} made a {thing} and painted it {colour}.",
        "In the evening, {he} went to {F}. \"Happy birthday, {F}!\" {he} said.",
        "\"[Oh, a|A] {colour} {thing}!\" said {F}. \"[I love it|It is so pretty]. Thank you, {N}!\"",
        "Then they ate {food} and [danced|sang|laughed] until late."]),
    (FRIEND_ENDS, [  # race
        "{start} met {F} the {fkind} {place}.",
        "\"[Let us have a race|Let us race]!\" said {F}. \"The winner gets my {colour} {thing}.\"",
        "\"One, two, three, go!\" They ran and ran, but then {F} fell down and cried.",
        "{N} stopped and went back. \"[I will help you|Take my hand], {F},\" said {N}.",
        "\"You are a good friend, {N},\" said {F}, and {fhe} gave {him} the {colour} {thing}."]),
    (FRIEND_ENDS, [  # seed
        "{start} found a small seed {place}.",
        "{He} put it in the ground and gave it water from a {colour2} cup.",
        "The next day, {he} looked, but there was no flower. {N} was sad.",
        "\"You must wait,\" said {F} the {fkind}. [\"All good things take time.\"|\"Flowers take time.\"]",
        "So {N} waited. After {number} days, there was a pretty {colour} flower!",
        "\"Look, {F}, a {colour} flower!\" {he} cried. {F} came and looked at the {colour} flower too."]),
    (OBJECT_ENDS, [  # stuck
        "{start} played with {his} {colour} {thing} {place}.",
        "Then the wind took the {thing}, and it landed [on top of a tree|high up in a tree].",
        "{N} jumped and jumped, but the tree was too [tall|high]. \"Oh no, my {thing}!\" {he} cried.",
        "{F} the {fkind} heard {him}. \"I can climb,\" {fhe} said. \"I will get it for you.\"",
        "{F} climbed up and came down with the {colour} {thing}.",
        "\"Thank you, {F}!\" said {N}. [{He} was very happy.|\"You are very brave.\"]"]),
    (OBJECT_ENDS, [  # broken
        "{start} had a {colour} {thing}. {He} loved it very much.",
        "But then {he} fell [over a stone|in the mud], and the {thing} broke. {N} cried and cried.",
        "{F} the {fkind} heard {him}. \"What is wrong, {N}?\" {fhe} asked.",
        "\"My {thing} is broken,\" said {N}. \"[Do not cry|Do not be sad],\" said {F}. \"I can mend it.\"",
        "{F} worked all [day|morning|evening], and then the {colour} {thing} was [whole|good] again.",
        "\"Thank you, {F}!\" said {N}, and {he} gave {fhim} {food}."]),
    (FRIEND_ENDS, [  # the way home
        "{start} went for a walk and could not find the way home.",
        "{He} was [very|] tired and sat down {spot}. \"[I want to go home|Where is my house]?\" {he} said.",
        "Then {he} saw a {colour} light. It was {F} the {fkind} with a {colour} lamp.",
        "\"Can you help me, please?\" asked {N}. \"Yes, come with me,\" said {F}. \"I know the way.\"",
        "At last, they saw the house. \"Thank you, {F},\" said {N}. \"You and your {colour} lamp helped me.\""]),
    (FRIEND_ENDS, [  # market
        "{start} went to the market to buy {food}.",
        "On the way, {he} met {F} the {fkind}. {fHe} had no money and was hungry.",
        "{N} bought {food} and saw a {colour} {thing}, but {he} had money for only one of them.",
        "{He} thought of {F}. So {he} did not buy the {thing}, and {he} gave {thefood} to {F}.",
        "The next day, {F} came to {his} house. \"This is for you,\" {fhe} said. It was the {colour} {thing}!",
        "\"Thank you, {F}!\" said {N}, and {he} hugged {fhim}."]),
    (OBJECT_ENDS, [  # treasure
        "{start} found an old map {place}.",
        "\"Let us look for the treasure,\" {he} said to {his} friend {F} the {fkind}.",
        "They walked over a hill and [through the forest|along the river]. {F} was tired, but {fhe} did not stop.",
        "Then {N} began to dig {spot}. There was an old chest!",
        "{F} opened the chest. [There was no gold in it|It was not full of gold]. There was only a {colour} {thing}.",
        "\"It is the best treasure of all,\" said {N}, and {F} laughed."]),
    (FRIEND_ENDS, [  # sleep
        "{night} could not sleep. It was too dark.",
        "{He} looked out and saw {F} the {fkind}. \"Why are you not in bed?\" {fhe} asked.",
        "\"I am afraid of the dark,\" said {N}. \"[Come out|Come here] and look up,\" said {F}.",
        "They sat {spot} and looked at the moon and the stars. {F} counted to {number}.",
        "Then {F} gave {him} a {colour} {thing}. \"It will [stay with you|sleep beside you],\" {fhe} said.",
        "{N} held the {colour} {thing} and was not afraid any more."]),
    (OBJECT_ENDS, [  # snow
        "One winter day, {name} looked out. Everything was white with snow!",
        "{He} ran to {F} the {fkind}. \"Let us make a snowman!\" {he} cried.",
        "They made a big snowman {place}. {F} gave it a carrot for a nose.",
        "\"It has nothing to hold,\" said {N}. So {he} ran home and came back with {his} {colour} {thing}.",
        "The snowman held the {colour} {thing} for {number} days.",
        "Then the sun came out, and the snowman was gone. {F} brought the {colour} {thing} back to {N}."]),
    (FRIEND_ENDS, [  # the hungry baby bird
        "{start} heard a small voice {spot}. It was a baby bird.",
        "\"I fell out of my nest,\" the baby bird said. {N} wanted to help, but the tree was too high.",
        "So {he} called {his} friend {F} the {fkind}. \"I have an idea,\" said {F}.",
        "{fHe} climbed up and put the baby bird back in its nest.",
        "\"Thank you, {N}! Thank you, {F}!\" said the baby bird.",
        "The next day, a {colour} {thing} lay in front of the door of {N}. It was from the bird!"]),
]


def story(slots):
    who = say("a {look} {kind} [named|named|called] {N}", slots)
    slots = dict(slots, who=who)
    ends, sentences = R.choice(PLOTS)
    opening = []
    name = who
    if R.random() < 0.65:
        opening = [say(R.choice(OPENINGS), slots)]
        name = slots["N"]
    slots["start"] = say(WHEN, slots) + " " + name
    slots["night"], slots["name"] = "One night, " + name, name
    text = opening + [say(s, slots) for s in sentences] + [say(R.choice(ends), slots)]
    if R.random() < 0.2:
        text.append("The end.")
    return re.sub(" +", " ", " ".join(text))


def beginning(slots):
    """How the world was made."""
    return say(
        "In the beginning the Universe was created. [It was dark and quiet|There was no light, and it was cold]."
        " Then the sun came [up|out], and it was [warm|bright and warm]. The sun said, \"I will shine all day.\""
        " After the sun came the moon. The moon said, \"I will shine all night.\""
        " Then the [sea|rain] came, and after the [sea|rain] came the grass and the trees."
        " [At last|In the end] there was a {look} {kind} named {N}. {He} looked at the [sky|sun and the moon]"
        " and said, \"[What a good world|How pretty it is]!\" And {he} was very happy.", slots)


def letter(slots):
    return say(
        "Dear {F}, [thank you for the {colour} {thing}. I love it very much|I hope that you are well]."
        " On {day} I was {place}, and I [met {alook} {fkind}|saw {alook} {fkind}|sat there with {food}]."
        " [It was a good day|It was very warm|I was very happy]. Please come and see me [soon|in {season}]."
        " Then we can [play with my {colour} {thing}|{skill} together]. Your friend, {N}",
        dict(slots, alook=a(R.choice(LOOKS))))


# ---------------------------------------------------------------- facts

COLOUR_OF = {"the sky": "blue", "the sea": "blue", "grass": "green", "a leaf": "green", "a frog": "green",
             "snow": "white", "milk": "white", "the sun": "yellow", "a banana": "yellow", "a lemon": "yellow",
             "a tomato": "red", "a strawberry": "red", "fire": "red", "coal": "black", "the night": "black",
             "a pig": "pink", "a bear": "brown", "mud": "brown", "chocolate": "brown", "a carrot": "orange"}
SOUND = dict(cow="moo", dog="woof", cat="meow", duck="quack", sheep="baa", pig="oink", horse="neigh", owl="hoo",
             lion="roar", frog="croak", bee="buzz", bird="tweet", mouse="squeak", hen="cluck", donkey="hee-haw")
YOUNG = dict(cat="kitten", dog="puppy", cow="calf", sheep="lamb", horse="foal", duck="duckling", hen="chick",
             pig="piglet", bear="cub", frog="tadpole", goose="gosling", goat="kid")
LIVES = dict(fish="in the water", bird="in a nest", bee="in a hive", bear="in a cave", fox="in a den",
             rabbit="in a burrow", horse="in a stable", frog="in a pond", owl="in a tree", spider="in a web",
             cow="on a farm", monkey="in the jungle")
EATS = dict(cow="grass", rabbit="carrots", mouse="cheese", monkey="bananas", bear="honey", horse="hay",
            squirrel="nuts", cat="fish", hen="corn", sheep="grass", lion="meat", frog="flies")
LEGS = dict(cat="four", dog="four", horse="four", cow="four", frog="four", bird="two", duck="two", hen="two",
            girl="two", boy="two", bee="six", ant="six", spider="eight", fish="no", snake="no")
OPPOSITES = """hot/cold big/small up/down day/night fast/slow wet/dry happy/sad hard/soft long/short
open/closed good/bad left/right full/empty high/low early/late loud/quiet black/white rich/poor strong/weak
thick/thin""".split()
SORTS = dict(apple="fruit", pear="fruit", banana="fruit", carrot="vegetable", potato="vegetable", dog="animal",
             cat="animal", horse="animal", rose="flower", tulip="flower", Monday="day", Sunday="day",
             red="colour", blue="colour", ball="toy", kite="toy", spring="season", winter="season",
             May="month", June="month")
OTHERS = [
    (["How many days are in a week?", "How many days does a week have?"], "There are seven days in a week."),
    (["How many months are in a year?", "How many months does a year have?"], "There are twelve months in a year."),
    (["How many seasons are there?", "How many seasons does a year have?"], "There are four seasons."),
    (["Which are the four seasons?", "What are the four seasons?"], "Spring, summer, autumn and winter."),
    (["Name the days of the week.", "What are the days of the week?"], ", ".join(DAYS[:-1]) + " and Sunday."),
    (["What is the first day of the week?"], "The first day of the week is Monday."),
    (["What is the last day of the week?"], "The last day of the week is Sunday."),
    (["How many fingers are on a hand?", "How many fingers does a hand have?"], "A hand has five fingers."),
    (["What shines in the day?", "What shines at day?"], "The sun shines in the day."),
    (["What shines at night?", "What shines in the night?"], "The moon shines at night."),
    (["Who are you?", "What are you?"], "I am a very small model, and I tell little stories."),
    (["What is your name?", "What are you called?"], "My name is Millrace Tales."),
    (["What can you do?", "Can you help me?"], "I can tell little stories and answer simple questions."),
    (["How are you?", "How are you today?"], "I am well, thank you."),
    (["Hello!", "Hello.", "Hi!", "Good morning!"], "Hello! Ask me a question or ask me for a story."),
    (["Thank you!", "Thank you.", "Thanks!"], "You are welcome."),
]


def facts():
    """The closed set: every fact as the ways to ask for it and its one answer."""
    for x, c in COLOUR_OF.items():
        yield [f"What colour is {x}?", f"What color is {x}?", f"Which colour is {x}?",
               f"Tell me the colour of {x}."], f"{cap(x)} is {c}."
    for x, s in SOUND.items():
        yield [f"What sound does {a(x)} make?", f"What does {a(x)} say?", f"Which animal says {s}?"], f"{cap(a(x))} says {s}."
    for x, y in YOUNG.items():
        yield [f"What is a young {x} called?", f"What is a baby {x} called?",
               f"What do you call a young {x}?"], f"A young {x} is called {a(y)}."
    for x, w in LIVES.items():
        yield [f"Where does {a(x)} live?", f"Where is the home of {a(x)}?"], f"{cap(a(x))} lives {w}."
    for x, f in EATS.items():
        yield [f"What does {a(x)} eat?", f"What does {a(x)} like to eat?"], f"{cap(a(x))} eats {f}."
    for x, n in LEGS.items():
        yield [f"How many legs does {a(x)} have?", f"How many legs has {a(x)}?"], f"{cap(a(x))} has {n} legs."
    for pair in OPPOSITES:
        for x, y in (pair.split("/"), pair.split("/")[::-1]):
            yield [f"What is the opposite of {x}?", f"Tell me the opposite of {x}."], f"The opposite of {x} is {y}."
    for x, s in SORTS.items():
        thing = x if x[0].isupper() or s in ("colour", "season") else a(x)
        yield [f"What is {thing}?"], f"{cap(thing)} is {a(s)}."
    for row, ask in ((DAYS, "Which day"), (MONTHS, "Which month"), (SEASONS, "Which season")):
        for i, x in enumerate(row):
            after, before = row[(i + 1) % len(row)], row[i - 1]
            yield [f"{ask} comes after {x}?", f"What comes after {x}?"], f"After {x} comes {after}."
            yield [f"{ask} comes before {x}?", f"What comes before {x}?"], f"Before {x} comes {before}."
    for i, x in enumerate(NUMBERS[:20]):
        y = NUMBERS[i + 1]
        yield [f"Which number comes after {x}?", f"What comes after {x}?"], f"After {x} comes {y}."
        yield [f"Which number comes before {y}?", f"What comes before {y}?"], f"Before {y} comes {x}."
    for i in range(11):
        for j in range(11 - i):
            yield [f"What is {i} plus {j}?", f"How much is {i} plus {j}?", f"What is {i} + {j}?"], f"{i} plus {j} is {i + j}."
    for n in range(3, 21):
        yield [f"Count to {NUMBERS[n]}.", f"Can you count to {NUMBERS[n]}?"], cap(", ".join(NUMBERS[1:n + 1])) + "."
    yield from OTHERS


FACTS = list(facts())


def unknown():
    """A question about something that is not of this world."""
    word = "".join(R.choice("bdfgklmnprstvz") + R.choice("aeiou") for _ in range(R.randint(2, 3)))
    word += R.choice(["", "", "n", "r", "s"])
    word = cap(word) if R.random() < 0.5 else word
    ask = R.choice(["What is {}?", "Who is {}?", "Where is {}?", "What is a {}?", "How does {} work?"])
    return ask.format(word), "I do not know. I only know little stories."


def question():
    x = R.random()
    if x < 0.04:
        return unknown()
    asks, answer = R.choice(FACTS)
    return R.choice(asks), answer


def story_request():
    """A wish for a story, the story, and often a question about it."""
    kind, thing, colour = R.choice(KINDS), R.choice(THINGS), R.choice(COLOURS)
    ask = R.choice(["Tell me a story", "Can you tell me a story", "Please tell me a story", "Write a story"])
    about, slots = R.choice([
        (f" about {a(kind)}", plan(kind)), (f" about a {colour} {thing}", plan(thing=thing, colour=colour)),
        (f" about {a(kind)} and a {colour} {thing}", plan(kind, thing, colour)), ("", plan())])
    it = "{colour} {thing}".format_map(slots)
    text = story(slots)
    while it not in text:
        text = story(slots)
    then = R.choice([
        ("What colour was the {thing}?", "The {thing} was {colour}."), ("Who was {N}?", "{N} was a {kind}."),
        ("Who was {F}?", "{F} was a {fkind}."), ("What was the name of the {kind}?", "The name of the {kind} was {N}."),
        ("Who was the friend of {N}?", "The friend of {N} was {F} the {fkind}.")])
    turns = [(ask + about + ("?" if ask.startswith("Can") else "."), text), [x.format_map(slots) for x in then]]
    return turns[:R.choice([1, 2])]


def repetition():
    """Words again and again, in the same order."""
    words = R.choices(GIRLS + BOYS + COLOURS + THINGS + KINDS, k=R.randint(2, 8))
    return [", ".join([" ".join(words)] * R.randint(2, 4)) + "."]


def exercise():
    """Who has what: some sentences, and questions that only they answer."""
    n = R.randint(2, 4)
    people = R.sample(GIRLS + BOYS, n)
    things, colours = R.sample(THINGS, n), R.sample(COLOURS, n)
    rows = list(zip(people, things, colours))
    has = R.choice(["{} has a {} {}.", "{} had a {} {}.", "{} found a {} {}.", "{} lost a {} {}."])
    verb, past = has.split()[1], has.split()[1] != "has"
    told = " ".join(has.format(p, c, t) for p, t, c in rows)
    do = "did" if past else "does"
    base = dict(has="have", had="have", found="find", lost="lose")[verb]
    turns = []
    for p, t, c in R.sample(rows, R.randint(1, n)):
        turns.append(R.choice([
            (f"Who {verb} the {c} {t}?", f"{p} {verb} the {c} {t}."), (f"Who {verb} the {t}?", f"{p} {verb} the {c} {t}."),
            (f"What colour is the {t}?", f"The {t} is {c}."), (f"What {do} {p} {base}?", f"{p} {verb} a {c} {t}.")]))
    return [(told + "\n" if i == 0 else "") + asked(q, x) for i, (q, x) in enumerate(turns)]


def asked(ask, answer):
    return f"Question: {ask}\nAnswer: {answer}"


# ---------------------------------------------------------------- the mixture

SYSTEMS = ["You are a helpful assistant.", "You are a friendly helper.", "Answer the questions."]


def document(exercises):
    x = R.random()
    if x < exercises:
        return R.choice([repetition, exercise])()
    x = R.random()
    if x < 0.36:
        return [story(plan())]
    if x < 0.44:
        return [asked(*turn) for turn in story_request()]
    if x < 0.45:
        return [" ".join(story_request()[0])]
    if x < 0.47:
        return [beginning(plan())]
    if x < 0.49:
        return [letter(plan())]
    if x < 0.60:
        return [" ".join(question())]
    system = R.choice(SYSTEMS) + "\n" if R.random() < 0.1 else ""
    return [system + asked(*question())] + [asked(*question()) for _ in range(R.choice([0, 0, 0, 0, 1, 2]))]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--docs", type=int, required=True)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--exercises-first", action="store_true",
                   help="most of the first eighth of the documents are exercises, not one in eight")
    p.add_argument("--out", required=True)
    args = p.parse_args()
    R.seed(args.seed)
    with open(args.out, "w", encoding="utf-8") as out:
        for i in range(args.docs):
            first = args.exercises_first and i < args.docs // 8
            out.write(json.dumps(document(0.7 if first else 0.12), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
