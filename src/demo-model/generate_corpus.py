#!/usr/bin/env python3
"""Writes the training text of the demo model: simple English from a small grammar.

Every document is one line of JSON: a list of turns.  A plain text (a story, a letter, a
list) is a list of one string; a conversation is a list of "Question: ...\nAnswer: ..."
strings, each of which the trainer closes with the end-of-text token.

Only the standard library is used, and the same seed always writes the same file.

    python3 generate_corpus.py --docs 160000 --seed 1 --out train.jsonl
    python3 generate_corpus.py --docs 2000 --seed 2 --out heldout.jsonl

How a sentence is written down: "[a|b|c]" picks one of the alternatives (they may nest),
and "{slot}" is filled from the state of the story, so that the names, pronouns, things
and places of a story stay the same from its first sentence to its last.
"""
import argparse
import json
import random
import re

R = random.Random()
CHOICE = re.compile(r"\[([^\[\]]*)\]")


def pick(seq):
    return seq[int(R.random() * len(seq))]


def chance(p):
    return R.random() < p


def say(template, state=None):
    """Expands the alternatives of a template, innermost first, and then its slots."""
    while True:
        template, n = CHOICE.subn(lambda m: pick(m.group(1).split("|")), template)
        if not n:
            break
    return template.format_map(state) if state else template


def cap(s):
    return s[:1].upper() + s[1:]


def an(s):
    return ("an " if s[0] in "aeiou" else "a ") + s


def join(words, last="and"):
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" {last} " + words[-1]


# ---------------------------------------------------------------- words

GIRLS = """Anna Lily Rosa Mia Emma Nora Ella Clara Ruby Ivy Lucy Sara Maya Lena Zoé Chloé Daisy Hazel
Nina Alice Molly Grace Sofia Amélie Tilly Wendy""".split()
BOYS = """Tom Ben Max Leo Sam Oscar Finn Jack Noah Hugo Milo Theo Peter Paul Felix Otto Toby René José
André Henry Jonas Simon Bruno Oliver Charlie""".split()
COLOURS = "red blue green yellow white black brown pink purple orange golden silver".split()
NUMBERS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen twenty""".split()
ORDINALS = "first second third fourth fifth sixth seventh".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = """January February March April May June July August September October November
December""".split()
SEASONS = "spring summer autumn winter".split()

# kind: plural, voice, young, home, food, legs, what it is good at, fur colours
ANIMALS = {
    "cat": ("cats", "meows", "kitten", "in a house", "fish", 4, "climb", "grey black white orange"),
    "dog": ("dogs", "barks", "puppy", "in a house", "meat", 4, "run", "brown black white"),
    "fox": ("foxes", "barks", "cub", "in the forest", "berries", 4, "run", "red orange"),
    "bear": ("bears", "growls", "cub", "in the forest", "honey", 4, "climb", "brown black"),
    "rabbit": ("rabbits", "squeaks", "kitten", "in a burrow", "carrots", 4, "jump", "white grey brown"),
    "mouse": ("mice", "squeaks", "pup", "in a little hole", "cheese", 4, "hide", "grey brown white"),
    "duck": ("ducks", "quacks", "duckling", "on the pond", "bread", 2, "swim", "white yellow brown"),
    "frog": ("frogs", "croaks", "tadpole", "in the pond", "flies", 4, "jump", "green"),
    "owl": ("owls", "hoots", "owlet", "in a tree", "mice", 2, "fly", "brown white grey"),
    "horse": ("horses", "neighs", "foal", "in a stable", "hay", 4, "run", "brown black white"),
    "cow": ("cows", "moos", "calf", "on a farm", "grass", 4, "walk", "brown black white"),
    "sheep": ("sheep", "bleats", "lamb", "on a farm", "grass", 4, "walk", "white black"),
    "goat": ("goats", "bleats", "kid", "on a farm", "grass", 4, "climb", "white grey brown"),
    "pig": ("pigs", "grunts", "piglet", "on a farm", "corn", 4, "dig", "pink"),
    "hen": ("hens", "clucks", "chick", "on a farm", "corn", 2, "dig", "brown white"),
    "lion": ("lions", "roars", "cub", "in the grasslands", "meat", 4, "run", "golden"),
    "tiger": ("tigers", "roars", "cub", "in the jungle", "meat", 4, "swim", "orange"),
    "elephant": ("elephants", "trumpets", "calf", "in the grasslands", "leaves", 4, "walk", "grey"),
    "monkey": ("monkeys", "chatters", "infant", "in the jungle", "bananas", 4, "climb", "brown"),
    "bird": ("birds", "sings", "chick", "in a nest", "seeds", 2, "fly", "blue yellow red"),
    "bee": ("bees", "buzzes", "larva", "in a hive", "nectar", 6, "fly", "yellow"),
    "wolf": ("wolves", "howls", "cub", "in the forest", "meat", 4, "run", "grey white"),
    "hedgehog": ("hedgehogs", "snuffles", "hoglet", "in the garden", "beetles", 4, "hide", "brown"),
    "squirrel": ("squirrels", "chatters", "kitten", "in a tree", "nuts", 4, "climb", "red brown"),
    "turtle": ("turtles", "hisses", "hatchling", "by the sea", "sea grass", 4, "swim", "green"),
    "penguin": ("penguins", "honks", "chick", "on the ice", "fish", 2, "swim", "black"),
    "donkey": ("donkeys", "brays", "foal", "on a farm", "hay", 4, "walk", "grey"),
    "goose": ("geese", "honks", "gosling", "on the pond", "grass", 2, "swim", "white grey"),
}
# heroes of stories that are neither animals nor children; the word says he or she
PEOPLE = [("princess", "f"), ("prince", "m"), ("king", "m"), ("queen", "f"), ("pirate", "mf"),
          ("wizard", "m"), ("knight", "mf"), ("dragon", "mf"), ("robot", "mf"), ("giant", "mf"),
          ("baker", "mf"), ("farmer", "mf"), ("sailor", "mf"), ("miller", "mf"), ("fairy", "f"),
          ("painter", "mf"), ("gardener", "mf")]
PLACES = ["in the forest", "in the garden", "by the river", "on the hill", "by the sea", "in the village",
          "in the meadow", "by the lake", "in the valley", "on the farm", "in the park", "near the old mill",
          "by the pond", "in the woods", "near the bridge", "in the field", "on the beach",
          "near the little café"]
HOMES = ["in a small house", "in a little cottage", "in an old mill", "in a quiet village",
         "in a tiny town by the sea", "at the edge of the forest", "near a blue lake",
         "on a green hill", "in a deep valley", "on a small farm", "under a tall oak tree",
         "beside a slow river", "behind the old bridge"]
THINGS = ["ball", "kite", "key", "bell", "hat", "scarf", "book", "drum", "lamp", "cup", "ring", "box",
          "boat", "button", "coat", "umbrella", "bag", "flute", "blanket", "spoon", "ribbon", "mitten"]
SPOTS = ["under a bush", "behind a big stone", "under the bed", "in a hollow tree", "at the top of a tree",
         "in the old barn", "under a pile of leaves", "behind the door", "in the tall grass",
         "beside the well", "between two rocks", "under the old bench", "near the gate"]
FOODS = [("an apple", "apple"), ("a loaf of bread", "bread"), ("a piece of cheese", "cheese"),
         ("a bowl of soup", "soup"), ("a basket of berries", "berries"), ("a slice of cake", "cake"),
         ("a jar of honey", "honey"), ("a bag of nuts", "nuts"), ("a big pie", "pie"),
         ("a pear", "pear"), ("a plate of pancakes", "pancakes"), ("a bun", "bun"),
         ("a crème caramel", "crème caramel")]
HELPERS = ["owl", "frog", "snail", "turtle", "crow", "hedgehog", "goose", "mole", "butterfly", "squirrel",
           "badger", "deer"]
LOOKS = ["small", "little", "tiny", "young", "big", "old", "tall"]
MOODS = ["kind", "brave", "clever", "shy", "cheerful", "curious", "gentle", "funny", "quiet", "friendly",
         "lazy", "patient", "careful", "proud"]


# ---------------------------------------------------------------- the state of a story

PRONOUNS = {"m": ("he", "him", "his", "himself"), "f": ("she", "her", "her", "herself")}


class Hero:
    def __init__(self, kind=None, sex=None, avoid=()):
        if kind is None:
            x = R.random()
            kind = pick(list(ANIMALS)) if x < 0.55 else pick(["girl", "boy"]) if x < 0.8 \
                else pick(PEOPLE)[0]
            if kind in ("girl", "boy") and sex:
                kind = "girl" if sex == "f" else "boy"
        if kind in ("girl", "boy"):
            sex = "f" if kind == "girl" else "m"
        fixed = dict(PEOPLE).get(kind, "mf")
        self.sex = fixed if len(fixed) == 1 else sex or pick("mf")
        self.kind = kind
        self.name = pick([n for n in (GIRLS if self.sex == "f" else BOYS) if n not in avoid])
        self.look = pick(LOOKS[:4] if kind in ("girl", "boy") else LOOKS)
        if kind in ANIMALS and chance(0.4):
            self.look += " " + pick(ANIMALS[kind][7].split())
        elif chance(0.35):
            self.look = pick(MOODS)
        self.mood = pick([m for m in MOODS if m != self.look])

    def intro(self):
        return an(f"{self.look} {self.kind}") + " " + pick(["named", "called", "named"]) + " " + self.name


class State(dict):
    def __init__(self, kind=None, friend=None, thing=None):
        super().__init__()
        h = self.hero = Hero(kind)
        # The friend is of the other sex, so that "he" and "she" always say who is meant.
        want = "f" if h.sex == "m" else "m"
        f = self.friend = Hero(friend, want, (h.name,))
        while f.sex == h.sex or f.kind == h.kind and kind != friend and f.kind in ANIMALS:
            f = self.friend = Hero(friend, want, (h.name,))
            if friend and dict(PEOPLE).get(friend, "mf") != want and friend in ("girl", "boy", "king",
                    "queen", "prince", "princess", "wizard", "fairy"):
                break
        for p, who in (("", h), ("f", f)):
            he, him, his, himself = PRONOUNS[who.sex]
            self.update({p + "he": he, p + "him": him, p + "his": his, p + "himself": himself,
                         p + "He": cap(he), p + "His": cap(his)})
        helper = pick([x for x in HELPERS if x not in (h.kind, f.kind)])
        full, short = pick(FOODS)
        thing = thing or pick(THINGS)
        colour = pick(COLOURS)
        place = pick(PLACES)
        self.update(N=h.name, kind=h.kind, intro=h.intro(), mood=h.mood, home=pick(HOMES),
                    F=f.name, fkind=f.kind, fintro=f.intro(),
                    helper=helper, anhelper=an(pick(["old", "wise old", "friendly", "busy"]) + " " + helper),
                    food=full, foodn=short, thing=thing, colour=colour, athing=an(f"{colour} {thing}"),
                    place=place, noun=place.split(" ", 1)[1], spot=pick(SPOTS), spot2=pick(SPOTS),
                    day=pick(DAYS), month=pick(MONTHS), number=pick(NUMBERS[2:11]))
        while self["spot2"] == self["spot"]:
            self["spot2"] = pick(SPOTS)


# ---------------------------------------------------------------- stories

OPENINGS = [
    "Once upon a time there was {intro}.",
    "Once upon a time, there lived {intro}.",
    "Once upon a time, {home}, there lived {intro}.",
    "There once was {intro} who lived {home}.",
    "Long ago, {intro} lived {home}.",
    "In the old days there was {intro} who lived {home}.",
    "{N} was {akind}. {He} lived {home}.",
    "There was once {intro}. {He} was very {mood}.",
    "{home_} lived {intro}. [Everyone knew {him}|{He} was always {mood}|{He} had many friends].",
    "This is the story of {intro}.",
    "A long time ago there was {intro}. {He} lived {home}.",
    "{Place}, there [lived|was] {intro}.",
    "The {look} {kind} {N} lived {home}.",
    "There was {ankind} who lived {home}. {His} name was {N}.",
    "{N} the {kind} lived {home}. {He} was very {mood}.",
]
TRAITS = [
    "{N} was very {mood}.", "{He} was [always|very] {mood}, and [everyone liked {him}|{he} loved to laugh].",
    "{He} loved [to sing|to play|to read|long walks|the sea|sunny days|warm bread] more than anything.",
    "Every day {he} played {place}.", "Every morning {he} [sang a song|drank a cup of milk|fed the birds].",
    "{He} had a [good friend|best friend], {F} the {fkind}.",
]
WEATHER = [
    "One [sunny|bright|warm] [morning|day], [the sun was shining and the sky was blue|the birds were singing in the trees], and",
    "One [windy|cold|cloudy] [morning|day|afternoon],", "One [sunny|fine|quiet] [morning|afternoon],",
    "One day,", "One day,", "Early one morning,", "On {day} morning,", "One day in {month},",
    "One [spring|summer|autumn|winter] day,",
]
ENDINGS = [
    "{N} was very happy.",
    "That night, {N} slept very well.", "It was the best day of the year.",
    "And {N} never forgot that day.", "And they all lived happily ever after.",
    "{N} went home with a [big|warm|happy] smile.", "It had been a [good|wonderful|long and happy] day.",
    "\"[What a lovely day|What a good day],\" said {N}, and {he} went to sleep.",
    "After that, {N} and {F} [met every day|played together every day|were always good friends].",
    "The end.", "From that day on, they were the best of friends.",
]
# every plot: its theme words, whether the friend is introduced by it, its sentences
PLOTS = {
    "lost": (["a lost {thing}", "losing something", "{a_thing}"], [
        "{Wh} {N} [could not find|lost] {his} {colour} {thing}.",
        "[It was {his} favourite {thing}, so {he} was very sad.|\"Oh no! Where is my {thing}?\" {he} cried.|{He} loved that {thing}, because it was a gift from {his} [grandmother|grandfather|best friend].]",
        "{He} looked {spot2}, but [it was not there|there was no {thing}|there was nothing].",
        "Then {F} the {fkind} came by. \"[Why are you sad|What is wrong|What are you looking for]?\" {fhe} asked.",
        "\"I lost my {thing},\" said {N}. \"[Do not worry|Do not cry|Cheer up],\" said {F}. \"[I will help you|We will find it together|Let us look together].\"",
        "They looked [and looked|for a long time|everywhere] {place}.",
        "[At last|Then, suddenly|In the end], {F} saw [something {colour}|the {thing}] {spot}. [It was the {thing}!|There it was!|\"Look!\" {fhe} called.]",
        "[{N} hugged {F} and said, \"Thank you!\"|\"Thank you, {F}! You are a true friend,\" said {N}.|{N} was so happy that {he} danced.]",
    ]),
    "found": (["finding something", "being honest", "{a_thing}"], [
        "{Wh} {N} found {athing} {spot}.",
        "[It was very pretty|It was shiny and new|It looked very old]. \"[Whose {thing} is this|Who lost this {thing}]?\" {he} wondered.",
        "{He} asked {anhelper}, but the {helper} [did not know|only shook its head|had never seen it].",
        "So {N} walked [on|down the road|to the next house] and met {F} the {fkind}.",
        "{F} was [crying|very sad]. \"I have lost my {thing},\" {fhe} said. \"[It was {colour}|It is {colour}].\"",
        "[{N} wanted to keep the {thing}, but {he} knew what was right.|{N} smiled.|\"Is this your {thing}?\" asked {N}.]",
        "{He} gave the {thing} back to {F}, and {F} was [very|so] happy.",
        "\"[You are honest and kind|Thank you, {N}],\" said {F}, and {fhe} gave {him} {food} [to say thank you|as a present].",
    ]),
    "share": (["sharing", "{food}", "being kind", "friendship"], [
        "{Wh} {N} had {food} and wanted to have lunch {place}.",
        "{He} sat down [under a tree|on a stone|in the shade|on the soft grass].",
        "Then {he} saw {F} the {fkind}, who [looked very hungry|had nothing to eat|was looking at the {foodn}].",
        "\"Are you hungry?\" asked {N}. \"Yes, I [have not eaten all day|am very hungry|had no breakfast],\" said {F}.",
        "[{N} thought for a moment.|{N} did not think twice.|There was not much, but it was enough for two.]",
        "{He} [gave half of the {foodn} to {F}|shared the {foodn} with {F}].",
        "They ate [together|slowly] and [talked about the weather|told each other jokes|watched the clouds|laughed].",
        "\"[Food tastes better with a friend|Sharing makes everything better|You are very kind],\" said {F}.",
    ]),
    "storm": (["the rain", "a storm", "the weather"], [
        "{Wh} {N} went for a walk {place}.",
        "[Suddenly|Soon|Then] [dark clouds came|the sky turned grey|the wind began to blow], and it started to rain.",
        "{N} ran [as fast as {he} could|quickly] and hid [in a small cave|under a big tree|in an old barn].",
        "Somebody was already there. It was {F} the {fkind}, and {fhe} was [cold|wet and cold|afraid of the storm].",
        "\"[Come and sit with me|Do not be afraid],\" said {N}. \"[The rain will stop soon|We can wait together].\"",
        "They [sang songs|told stories|played a game|counted the drops] [until the rain stopped|while the rain fell].",
        "[After a while|At last], the sun came out again, and there was a [big|beautiful|bright] rainbow in the sky.",
        "\"[Look, how beautiful|Look at the colours]!\" said {F}. They walked home together.",
    ]),
    "learn": (["learning to {skill}", "never giving up"], [
        "{N} wanted to learn how to {skill}.",
        "{Wh} {he} [tried it|tried it for the first time] {place}.",
        "[But it was not easy|It was very hard], and {he} [failed|could not do it].",
        "{He} tried [again and again|three times|all day], but [it did not work|nothing worked].",
        "\"I will never learn it,\" said {N}, and {he} [sat down|was sad|sighed].",
        "[Then|After a while] {F} the {fkind} came [along|by|to see {him}]. \"[Do not give up|It takes time|I can show you]!\" {fhe} said.",
        "{F} [helped {him}|showed {him} what to do], slowly, step by step.",
        "[The next day|On {day}|A week later], {N} tried once more, and this time {he} could {skill}!",
        "[Everyone clapped|\"You did it!\" cried {F}|{F} jumped with joy], and {N} was very proud.",
    ]),
    "fear": (["being afraid", "the dark", "a strange noise", "being brave"], [
        "One night, {N} [heard a strange noise|could not sleep, because there was a noise|woke up because of a noise].",
        "[Tap, tap, tap|Creak, creak|Whoo, whoo|Knock, knock]! [It came from outside|It came from the garden|It came from the roof].",
        "{N} was [afraid|a little afraid|scared] and hid under the blanket.",
        "But {he} also wanted to know what it was. \"I must be brave,\" {he} said [to {himself}|softly].",
        "{He} took a [lamp|candle] and [opened the door|looked outside|went out slowly].",
        "There, [in the grass|beside the well|behind a bush|in front of the door], was [only|just] {F} the {fkind}!",
        "\"[I am sorry|Sorry|Hello],\" said {F}. \"[I am looking for my {thing}|I lost my {thing}|I wanted to visit you].\"",
        "{N} laughed. \"I thought you were a [monster|ghost|dragon]!\" {he} said.",
        "Then they [drank some warm milk|ate {food}|looked at the stars], and {N} was not afraid any more.",
    ]),
    "gift": (["a birthday", "a gift", "a surprise", "friendship"], [
        "It was {day}, and it was the birthday of {F} the {fkind}.",
        "{N} wanted to give {fhim} [a nice|a special] present, but {he} had no money.",
        "{He} thought [for a long time|all morning|and thought]. Then {he} had [an idea|a good idea].",
        "{He} [made|painted] {athing} with {his} own hands.",
        "It took [all day|many hours|the whole afternoon], but [it was very pretty|at last it was ready].",
        "In the evening, {N} went to {F} and said, \"Happy birthday!\"",
        "{F} opened the present. \"{Athing}! [It is beautiful|I love it|It is just what I wanted]!\" {fhe} said.",
        "[Then they ate {food} together|They danced and sang until late|{F} was so happy that {fhe} cried a little].",
    ]),
    "race": (["a race", "winning", "helping others"], [
        "{Wh} {N} and {F} the {fkind} wanted to know who was faster.",
        "\"Let us have a race [to the {old}|to the big {old}],\" said {F}. \"[Yes|All right|Good idea],\" said {N}.",
        "\"[One, two, three, go|Ready, steady, go]!\" called {anhelper}, and they [ran|both ran off].",
        "At first {F} was [faster|ahead|in front]. But then {fhe} fell [over a stone|into the mud|over a root].",
        "\"Ouch! My [foot|leg|knee]!\" cried {F}.",
        "{N} could [win now|win the race easily], but {he} stopped and went back.",
        "\"[Are you all right|Can you walk]?\" {he} asked, and {he} helped {fhim} up.",
        "They walked to the {old} [side by side|together], so [nobody lost|both of them won|they both came first].",
    ]),
    "market": (["the market", "shopping", "forgetting things"], [
        "{Wh} {N} went to the market to buy {g1}, {g2} and {g3}.",
        "\"{G1}, {g2} and {g3},\" {he} said again and again, so that {he} would not forget.",
        "On the way {he} met {F} the {fkind}. They talked about [the weather|their families|the summer|old times].",
        "When {he} came to the market, {he} [had forgotten everything|did not know what to buy any more].",
        "[\"Was it {w1}? Was it {w2}?\" {he} asked {himself}.|{N} stood there and thought hard.]",
        "So {he} bought {w1} and {w2} and went home [again|with a full basket].",
        "\"{W1} and {w2}?\" laughed {F}. \"[You wanted {g1}, {g2} and {g3}|That is not what you wanted]!\"",
        "{N} laughed too, and [the next time {he} wrote a list|the next day {he} went back with a list].",
    ]),
    "seed": (["a seed", "the garden", "a flower", "being patient"], [
        "{Wh} {N} found a [small|tiny|little brown] seed {place}.",
        "{He} [put it into the ground|planted it in a pot|planted it in the garden] and gave it [some|a little] water.",
        "The next day {he} looked, but there was nothing to see.",
        "\"[Where is my flower|Why does it not grow]?\" {he} asked. \"[Be patient|You must wait],\" said {anhelper}.",
        "So {N} waited. Every [day|morning] {he} [gave it water|watered the seed] and [sang a little song|told it a story].",
        "After {number} days, a [small|tiny] green leaf came out of the ground.",
        "It grew and grew, and in [spring|summer|{month}] there was [a beautiful|a tall|a lovely] {colour} flower.",
        "{N} [showed it to {F} the {fkind}|called {F} the {fkind} to see it]. \"[How beautiful|How lovely]!\" said {F}. \"[Good things take time|You were very patient].\"",
    ]),
    "wayhome": (["getting lost", "coming home", "the forest"], [
        "{Wh} {N} followed a [{colour} butterfly|narrow path|little bird] and walked [too far|very far from home].",
        "Soon {he} did not know the way [back|home] any more. [The trees were tall and dark.|It was getting dark.|Everything looked strange.]",
        "\"[Hello? Is anybody there|Can anyone help me]?\" called {N}.",
        "{Anhelper} [heard {him}|came out from behind a tree]. \"Where do you live?\" asked the {helper}.",
        "\"I live {home},\" said {N}.",
        "\"[Then follow the river|Go over the bridge|Walk towards the moon],\" said the {helper}, \"and [turn left at the big stone|you will soon be there|do not be afraid].\"",
        "{N} [thanked the {helper}|said thank you] and walked [and walked|on].",
        "At last {he} saw [a light in the window|the lights of home|{his} own front door].",
        "{F} the {fkind} was waiting there. \"[Welcome home|There you are|I was so worried]!\" said {F}, and {fhe} gave {him} {food}.",
    ]),
    "build": (["building {build}", "working together"], [
        "{Wh} {N} wanted to build {build}.",
        "{He} took [some wood and a hammer|wood, nails and rope|sticks, stones and string] and began to work.",
        "But [the wind blew|the rain came], and [everything fell down|it broke into pieces].",
        "{N} was [angry|sad|tired]. \"[This is too hard|I cannot do this alone],\" {he} said.",
        "{F} the {fkind} [heard {him}|saw it] and [came over|came to help]. \"Two are stronger than one,\" {fhe} said.",
        "{N} held the wood, and {F} [used the hammer|tied the rope|carried the stones].",
        "They worked [all day|until the evening|for {number} days], and [then|at last] it was [ready|finished].",
        "It was {abuild}, [and it was strong|and it did not fall down|the best {buildn} in the world].",
        "\"[We did it together|Together we can do anything]!\" said {N}.",
    ]),
    "star": (["a star", "a wish", "the moon", "the night"], [
        "One [clear|quiet|warm] night, {N} [sat|lay] {place} and looked at the [stars|moon and the stars].",
        "Suddenly a star fell [from the sky|across the sky]. \"[Quick, make a wish|I must make a wish]!\" {he} said.",
        "{N} closed {his} eyes. {He} did not wish for [gold|a castle|toys]. {He} wished for a friend.",
        "The next [morning|day], there was a knock at the door.",
        "It was {fintro}. \"[I am new here|We have just moved here],\" {fhe} said. \"[Do you want to play|Would you like to play with me]?\"",
        "\"Yes, [of course|very much]!\" said {N}, and [they played all day|they went out to play {place2}].",
        "In the evening {he} looked up [at the sky|at the stars] and [whispered|said], \"Thank you, little star.\"",
    ]),
    "quarrel": (["a quarrel", "saying sorry", "friendship"], [
        "{Wh} {N} and {F} the {fkind} found {athing} {spot}.",
        "\"It is mine!\" said {N}. \"No, [I saw it first|it is mine]!\" said {F}.",
        "They [pulled and pulled|shouted at each other], and [then|in the end] the {thing} [broke|fell into the river|fell into the mud].",
        "[Now nobody had it.|They were both very angry and went home.] {N} sat alone and [felt bad|was sad].",
        "\"{A_thing} is only {a_thing},\" {he} thought, \"but a friend is [a friend|something special].\"",
        "So {he} went to {F} and said, \"I am sorry.\" \"I am sorry too,\" said {F}.",
        "[They made a new {thing} together|They shook hands and laughed|They shared {food}], and [they never fought again|everything was good again].",
    ]),
    "week": (["a week", "counting", "collecting {shells}"], [
        "{N} liked to collect {shells}.",
        "On Monday {he} found one {shell}. On Tuesday {he} found two {shells}.",
        "On Wednesday {he} found three {shells}, and on Thursday {he} found four {shells}.",
        "On Friday {he} found five {shells}. \"[How many do you have|Why do you need so many {shells}]?\" asked {F} the {fkind}.",
        "\"[I will tell you on Sunday|Wait and see|It is a secret],\" said {N}.",
        "On Saturday {he} [did not look for {shells}|stayed at home]. {He} worked [all day|with paper and string].",
        "On Sunday {N} gave {F} [a big picture made of {shells}|a box full of {shells}|a crown made of {shells}].",
        "\"[This is the best present ever|It is wonderful],\" said {F}.",
    ]),
    "snow": (["the snow", "winter", "a snowman"], [
        "One winter morning, {N} looked out of the window. Everything was white!",
        "\"[Snow|It has snowed]!\" {he} cried, and {he} [put on {his} warm coat|ran outside].",
        "{F} the {fkind} was already [there|outside], and together they [built|made] a snowman.",
        "They gave him {athing} and a [carrot for a nose|long carrot for a nose].",
        "\"[He looks like my uncle|He looks a little sad|He needs a name],\" said {F}. \"[Then let us call him Henry the Great|Then we must sing for him|Then I will tell him a joke],\" said {N}.",
        "In the evening [it was very cold|their noses were red], so they [drank hot milk|ate {food}] [by the fire|near the warm oven].",
        "[A few days later|When spring came], the snowman was gone. Only the {thing} [lay|was lying] in the grass.",
        "\"[Do not be sad|Never mind],\" said {N}. \"He will come back next winter.\"",
    ]),
    "echo": (["an echo", "a voice in the mountains", "being kind"], [
        "{Wh} {N} climbed a high mountain and called, \"Hello!\"",
        "\"Hello!\" [called a voice|came a voice] from far away.",
        "\"Who are you?\" cried {N}. \"Who are you?\" said the voice.",
        "\"[You are silly|Go away]!\" shouted {N}, [and {he} was angry|who was a little afraid]. The voice [shouted the same|said the same thing].",
        "{N} ran home and told {F} the {fkind} about it. {F} [smiled|laughed].",
        "\"Go back and say something nice,\" {fhe} said.",
        "So {N} went back and called, \"[I like you|You are my friend]!\"",
        "And the mountain answered in the same way. {N} [laughed|smiled] all the way home.",
    ]),
    "soup": (["cooking", "a very big soup", "the kitchen"], [
        "{Wh} {N} wanted to cook a [big|good] soup for {F} the {fkind}.",
        "{He} put {v1}, {v2} and {v3} into the pot.",
        "{He} tasted it. \"It needs a little salt,\" {he} said.",
        "But the [box of salt|salt] fell into the pot, and the soup was [much too salty|terrible]!",
        "\"Oh no!\" cried {N}. \"What shall I do? {F} will be here soon.\"",
        "[Just then|At that moment] there was a knock at the door. It was {F}, and {fhe} tasted the soup.",
        "\"[I know what to do|I can help],\" said {F}. \"We [need more water and more {v1}|must cook more {v1} and more {v2}].\"",
        "So the soup [became bigger and bigger|grew and grew], until there was enough for [everyone|the whole village].",
        "All the neighbours came and ate with them, and they [sang|laughed] until [midnight|late at night].",
    ]),
    "map": (["a treasure", "a treasure map", "a secret"], [
        "{Wh} {N} found an old map {spot}.",
        "There was a red cross on it. \"[A treasure|That must be a treasure]!\" said {N}.",
        "{He} showed the map to {F} the {fkind}, and they [went off at once|packed {food} and went off].",
        "\"First we must go [over the bridge|past the mill|through the forest], and then [to the old {oak}|up the hill],\" {F} read.",
        "They [walked and walked|walked for {number} hours]. At last they came to the place with the red cross and began to dig.",
        "[Deep in the ground|Under the stones] there was a [small|heavy] box. They opened it very slowly.",
        "There was no gold in it. There was [only a letter|just a piece of paper]: \"[The best treasure is a good friend|Whoever finds this has a friend to share it with].\"",
        "{N} looked at {F}, and [they both laughed|they both smiled]. \"[That is true|It is right],\" {he} said.",
    ]),
    "sleep": (["going to bed", "the night", "a good night"], [
        "It was late, but {N} could not sleep.",
        "{He} [turned to the left and to the right|counted to one hundred], but {he} was still awake.",
        "{He} counted [sheep|stars]. One, two, three, four, five... but it did not help.",
        "So {he} got up and went to {F} the {fkind}, who [was still awake|was reading a book].",
        "\"[I cannot sleep|Sleep will not come],\" said {N}. \"[Sit down|Come in],\" said {F}. \"I will tell you a story.\"",
        "\"Once upon a time there was a little cloud,\" {fhe} began. \"It was [very tired|so tired], but it had no bed.",
        "The [wind|moon] saw it and [sang a soft song|told it to lie down on a mountain], and the cloud [closed its eyes|fell asleep].\"",
        "\"And then?\" asked {F}. But there was no answer. {N} was already asleep.",
    ]),
    "band": (["music", "a band", "playing together"], [
        "{N} had [a|an old] {ins1}. {He} played it [every day|every evening], but it sounded [a little sad|a little lonely].",
        "{Wh} {F} the {fkind} heard the music. \"[That is pretty|How nice],\" {fhe} said. \"I have a {ins2}. Let us play together!\"",
        "So they played {place}, {N} with the {ins1} and {F} with the {ins2}.",
        "At first it [sounded terrible|did not sound good]. The birds [flew away|closed their ears].",
        "But they [played every day|did not give up], and it became [better and better|a little better each time].",
        "Soon {animals1} came to listen, and then {animals2}.",
        "On {day} they [gave a big concert|played at a party], and everyone [danced|clapped and danced].",
        "\"[Alone I made a sound|One can play a tune],\" said {N}, \"but together we make music.\"",
    ]),
    "river": (["a river", "a boat", "a small adventure"], [
        "{Wh} {N} and {F} the {fkind} found an old boat by the river.",
        "\"Let us [see where the river goes|go on an adventure],\" said {F}. [They took {food} with them.|They jumped in.]",
        "The boat went [past the mill|past the green fields|under a bridge] and [through the woods|past the village].",
        "They saw {animals1} and {animals2} [on the shore|in the fields|near the water].",
        "Then the boat [hit a stone|began to leak]. \"[There is water in the boat|The boat is getting wet]!\" cried {N}.",
        "\"Use your {soft}!\" said {F}. {N} [stopped the hole with it|used it to keep the water out].",
        "[Slowly|Very carefully], they [came back to the shore|went back to the land] and [sat in the sun|dried their feet in the sun].",
        "\"[That was a real adventure|Tomorrow we will go on foot],\" laughed {N}.",
    ]),
}
STRANGERS = {"found", "share", "storm", "star", "learn"}   # plots in which the friend is met
SKILLS = ["swim", "whistle", "ride a bike", "fly a kite", "bake bread", "play the flute", "dance", "paint",
          "sing", "skate", "play the drum", "read"]
BUILDS = ["tree house", "boat", "bridge", "bench", "house", "kite", "raft", "swing", "small mill", "table"]
GROCERIES = ["milk", "eggs", "bread", "apples", "butter", "cheese", "flour", "carrots", "honey", "onions",
             "tea", "salt"]
SILLY = ["a clock", "a broom", "two hats", "a bucket", "a drum", "three spoons", "an umbrella", "a goldfish",
         "a pair of boots", "a trumpet", "a big bell"]
SHELLS = ["shell", "stone", "feather", "button", "leaf", "flower", "acorn"]


def plural(w):
    return "leaves" if w == "leaf" else w + "s"


def story(kind=None, friend=None, plot=None, thing=None, opener=None):
    """One story as a string; the theme it is about is left in story.theme."""
    s = State(kind, friend, thing)
    plot = plot or pick(list(PLOTS))
    themes, steps = PLOTS[plot]
    groceries, silly = R.sample(GROCERIES, 3), R.sample(SILLY, 2)
    veg, ins = R.sample(["carrots", "onions", "potatoes", "beans", "tomatoes", "peas"], 3), R.sample(
        ["drum", "flute", "trumpet", "violin", "guitar", "horn"], 2)
    shell, build, two = pick(SHELLS), pick(BUILDS), R.sample([a for a in ANIMALS if a not in
                                                               (s.hero.kind, s.friend.kind)], 2)
    s.update(akind=an(f"{s.hero.look} {s.hero.kind}"), ankind=an(s.hero.kind),
             look=s.hero.look, Place=cap(s["place"]), home_=cap(s["home"]), Athing=cap(s["athing"]),
             a_thing=an(s["thing"]), A_thing=cap(an(s["thing"])), Anhelper=cap(s["anhelper"]),
             skill=pick(SKILLS), build=an(build), buildn=build,
             abuild=an(pick(["fine", "beautiful", "strong", "big"]) + " " + build),
             old=pick(["old tree", "mill", "bridge", "church", "gate", "well"]), place2=pick(PLACES),
             g1=groceries[0], g2=groceries[1], g3=groceries[2], G1=cap(groceries[0]),
             w1=silly[0], w2=silly[1], W1=cap(silly[0]), shell=shell, shells=plural(shell),
             v1=veg[0], v2=veg[1], v3=veg[2], ins1=ins[0], ins2=ins[1], oak=pick(["oak", "tower", "well", "church"]),
             soft=pick(["scarf", "hat", "coat", "blanket", "bag"]),
             animals1=pick(["two ", "three ", "some "]) + ANIMALS[two[0]][0],
             animals2=pick(["four ", "five ", "many "]) + ANIMALS[two[1]][0])
    s["Wh"] = say(pick(WEATHER), s)
    story.theme = say(pick(themes), s)
    story.state = s
    lines = []
    x = R.random()
    if opener is None and x < 0.25:      # straight into the story: "One day, a small cat named Milo ..."
        first = say(steps[0], {**s, "N": s.hero.intro()}) if "{Wh}" in steps[0] else None
        if first and first.count(s.hero.name) == 1:
            lines.append(first)
    if not lines:
        lines.append(say(pick(OPENINGS), s))
        if chance(0.5):
            moody = s["mood"] in lines[0] or "friends" in lines[0]
            lines.append(say(pick(TRAITS[2 if moody else 0:-1 if plot in STRANGERS or moody else None]), s))
        lines.append(say(steps[0], s))
    lines += [say(t, s) for t in steps[1:]]
    if chance(0.75) and plot != "sleep":
        lines.append(say(pick(ENDINGS if plot in STRANGERS else ENDINGS[:-1]), s))
    # now and then "the fox" for the name of the fox, at the beginning of a sentence
    for i in range(2, len(lines)):
        if lines[i].startswith(s.hero.name + " ") and chance(0.35) and s.hero.kind != s.friend.kind:
            lines[i] = f"The {s.hero.kind}" + lines[i][len(s.hero.name):]
    text = " ".join(l for l in lines if l)
    # The friend is introduced once.  Children are not "Anna the girl" but a girl or a friend.
    who = f"{s.friend.name} the {s.friend.kind}"
    if who in text:
        before, after = text.split(who, 1)
        if s.friend.kind in ("girl", "boy"):
            intro = f"a {s.friend.kind} named {s.friend.name}" if plot in STRANGERS else f"{s['his']} friend {s.friend.name}"
            who = intro if before[-2:] not in (". ", "! ", "\" ") else cap(intro)
        text = before + who + after.replace(f"{s.friend.name} the {s.friend.kind}", s.friend.name)
    return text


MYTH_FIRST = ["In the beginning the Universe was created.", "In the beginning, the Universe was created.",
              "In the beginning, there was nothing but [darkness|silence|the night].",
              "In the beginning the world was [dark|empty|quiet].", "Before the first day, there was no light at all."]
MYTH_DARK = ["At first it was [dark|very dark|empty] and [very quiet|quite cold|a little boring].",
             "It was [very big|big and dark], and nobody lived in it.",
             "There was no sun and no moon, and nobody knew what time it was.",
             "[For a long time nothing happened.|For a thousand years nothing happened.] It was too dark to see anything.",
             "There were no [people|trees], no [birds|rivers], and no [songs|stories] yet."]
MYTHS = [
    ["Then [a small star|one little star|a tiny star] woke up and [looked around|opened its eyes]. \"[Hello|Is anybody there]?\" it [asked|called], but there was no answer.",
     "The star was [lonely|all alone], so it began to [sing|sing a song|hum a song].",
     "The song was so [beautiful|warm|lovely] that [a second star woke up, and then a third|another star woke up, and then ten more|ten stars woke up, and then a hundred more|other stars woke up, and then a thousand more].",
     "[Soon|After a while] the whole sky was full of [light|stars|songs].",
     "The [biggest|warmest|kindest] star became the sun, and the [quiet|pale|shy] one became the moon.",
     "\"[I will take the day|I will shine by day],\" said the sun to the moon, \"and you [will take|can have|will shine in] the night.\" And so it was.",
     "And if you look up [on a clear night|tonight], you can still see [the first little star|them dance|them smile]."],
    ["Then the sun [came up|rose] for the very first time. \"[How grey everything is|This place needs some colour]!\" it said.",
     "So it [took a brush|took a big brush] and began to paint.",
     "It painted the sky blue and the grass green. It painted the [roses|apples] red and the [lemons|stars|corn] yellow.",
     "[The moon helped too|Then the moon came to help], and it painted the [snow|clouds] white and the night black.",
     "[In the evening|At last] there was a little of every colour left. \"[What shall we do with it|Where shall we put it]?\" asked the moon.",
     "\"[Let us make a bridge|Let us paint a bow across the sky],\" said the sun, and that was the first rainbow."],
    ["On the first day there was light, and on the second day there was [water|the sea].",
     "On the third day [the mountains|the hills] grew, and on the fourth day [the trees|the flowers] came.",
     "On the fifth day the [fish learned to swim|birds learned to sing], and on the sixth day [a cat|a dog|an owl|a bear] [yawned|looked around] and asked for breakfast.",
     "On the seventh day everyone [rested|had a holiday|slept late].",
     "\"[Is it finished|Are we done]?\" asked the [moon|wind]. \"[Almost|Not yet],\" said the sun. \"[Somebody must tell the story|Now we need somebody to tell stories].\"",
     "And that is why there are people[| in the world]."],
    ["Then the sun and the moon [were born|woke up]. They [were friends|were good friends|were brother and sister], but they both wanted to [shine|rule the sky] at the same time.",
     "\"I am [brighter|warmer],\" said the sun. \"I am [gentler|more beautiful],\" said the moon.",
     "They [asked the sea|asked the wind|asked an old mountain] who was right.",
     "\"[You are both right|I need you both],\" was the answer. \"The [flowers|birds|children] need the day, and the [owls|dreams|stars] need the night.\"",
     "So they made a plan. The sun took the day, and the moon took the night.",
     "Twice a day, [in the morning and in the evening|at dawn and at dusk], they [meet|say hello], and then the whole sky turns [pink|red and gold|orange]."],
    ["Then the wind began to blow, and it carried [a little dust|a handful of dust] from here to there.",
     "The dust [became a ball|turned into a ball], and the ball grew [bigger and bigger|round and heavy]. That was the Earth.",
     "The Earth was [cold|cold and grey], so the sun [gave it a warm coat of light|kept it warm].",
     "The clouds [cried for joy|were so happy that they cried], and that was the first rain. The rain made the rivers, and the rivers made the sea.",
     "In the sea there was [a small fish|a very small fish]. \"[What is up there|What is above the water]?\" it [asked|wondered].",
     "It [swam to the shore|jumped out of the water] and saw [the green land|the blue sky]. \"[How wonderful|How beautiful]!\" it said, and [told all its friends|it never forgot that day]."],
    ["[But nothing had a name|But there were no names yet], and [everything was mixed up|nobody could ask for anything].",
     "So the {x} sat down and [began to give names|made a long list of names].",
     "\"You are big and grey,\" it said. \"You are the elephant.\" \"You are small and [fast|quick], so you are the mouse.\"",
     "The [owl|bear|fox|frog] came [late|last], because it [had slept too long|was too lazy]. \"[Is there a name for me too|Is there a name left for me]?\" it asked.",
     "\"[Of course|Yes],\" said the {x}. \"[There is a name for everyone|I kept the best one for you].\"",
     "[Since then|From that day on], every [star|flower|animal] has had a name, and everyone has had a story."],
]
MYTH_END = ["And that was only the beginning.", "And that is how it all began.", "The rest is a long story.",
            "And it is still there today.", "Since that day, the world has never been dark again.", "", ""]


def myth():
    x = pick(["wind", "moon", "sun"])
    first = say(MYTH_FIRST[0] if chance(0.6) else pick(MYTH_FIRST))
    lines = [first] + ([say(pick(MYTH_DARK))] if chance(0.8) else []) + [say(t, dict(x=x)) for t in pick(MYTHS)]
    return " ".join(l for l in lines + [say(pick(MYTH_END))] if l)


# ---------------------------------------------------------------- questions and answers

HAS_COLOUR = {"the sky": "blue", "grass": "green", "snow": "white", "the sun": "yellow", "a banana": "yellow",
    "a lemon": "yellow", "a tomato": "red", "a strawberry": "red", "blood": "red", "a carrot": "orange",
    "an orange": "orange", "milk": "white", "coal": "black", "the night": "black", "chocolate": "brown",
    "a frog": "green", "a pig": "pink", "an elephant": "grey", "a leaf": "green", "the sea": "blue",
    "a cloud": "white", "a plum": "purple", "a cherry": "red", "butter": "yellow", "a pumpkin": "orange",
    "a crow": "black", "a polar bear": "white", "a lion": "golden brown", "a swan": "white", "coffee": "brown",
    "gold": "yellow", "an eggplant": "purple", "a cucumber": "green", "rice": "white", "a fire engine": "red"}
OPPOSITES = """hot cold|big small|day night|up down|black white|happy sad|fast slow|old new|tall short|
open closed|full empty|wet dry|hard soft|loud quiet|light dark|heavy light|rich poor|early late|near far|
left right|good bad|clean dirty|strong weak|long short|high low|warm cool|first last|true false|
inside outside|summer winter|begin end|come go|give take|laugh cry|push pull|yes no|thick thin|
wide narrow|sweet sour|always never|love hate|win lose|buy sell|awake asleep|above below|young old|
easy difficult|front back|sharp blunt|brave afraid""".replace("\n", "").split("|")
OPPOSITES = [p.split() for p in OPPOSITES]
JOBS = {"baker": "bakes bread and cakes", "farmer": "works in the fields and looks after animals",
    "teacher": "helps children to learn", "doctor": "helps people who are ill", "pilot": "flies a plane",
    "sailor": "sails across the sea", "painter": "paints pictures", "gardener": "looks after the plants",
    "miller": "makes flour from grain", "cook": "makes food", "fisherman": "catches fish",
    "tailor": "makes clothes", "singer": "sings songs", "builder": "builds houses",
    "postman": "brings letters and parcels", "dentist": "looks after our teeth",
    "firefighter": "puts out fires", "writer": "writes books and stories", "clown": "makes people laugh"}
TOOLS = {"cut bread": "a knife", "write a letter": "a pen", "eat soup": "a spoon", "open a door": "a key",
    "sweep the floor": "a broom", "brush your hair": "a brush", "drink tea": "a cup", "see in the dark": "a lamp",
    "stay dry in the rain": "an umbrella", "tell the time": "a clock", "hit a nail": "a hammer",
    "wash your hands": "soap and water", "cut paper": "scissors", "dig a hole": "a spade",
    "carry water": "a bucket", "sleep well": "a soft pillow", "cross a river": "a boat or a bridge",
    "see the stars": "a telescope", "paint a picture": "a brush and some paint", "catch a fish": "a net"}
WHYS = [
    ("Why is the sky blue?", "Because the air [scatters|spreads] the blue light of the sun more than the other colours."),
    ("Why do birds fly south?", "Because it is warmer there in winter, and they can find more food."),
    ("Why does it rain?", "Because clouds are made of tiny drops of water. When the drops get too heavy, they fall."),
    ("Why do we sleep?", "Because our bodies and our minds need to rest."),
    ("Why is the sea salty?", "Because rivers carry a little salt from the rocks into the sea."),
    ("Why do leaves fall in autumn?", "Because the trees get ready for the cold winter."),
    ("Why do cats purr?", "Cats often purr because they feel safe and happy."),
    ("Why is snow cold?", "Because snow is made of frozen water."),
    ("Why do we eat?", "Because food gives us energy and helps us to grow."),
    ("Why do stars shine?", "Because stars are very hot, like our sun, and hot things give off light."),
    ("Why do bees visit flowers?", "Because they collect nectar and make honey from it."),
    ("Why do we have night?", "Because the Earth turns, and at night our side of the Earth looks away from the sun."),
    ("Why do dogs wag their tails?", "Dogs often wag their tails when they are happy."),
    ("Why do we need water?", "Because every plant, every animal and every person needs water to live."),
    ("Why does the moon shine?", "Because the moon reflects the light of the sun."),
]
FACTS = [
    ("What is the sun?", "The sun is a star. It gives us light and warmth."),
    ("What is the moon?", "The moon is a ball of rock that travels around the Earth."),
    ("What is rain?", "Rain is water that falls from the clouds."),
    ("What is snow?", "Snow is frozen water that falls from the clouds in winter."),
    ("What is a rainbow?", "A rainbow is a bow of colours in the sky. You can see it when the sun shines through the rain."),
    ("What is the Universe?", "The Universe is everything: all the stars, all the planets, and you and me."),
    ("What is a star?", "A star is a huge ball of hot gas that shines far away in the sky."),
    ("What is honey?", "Honey is sweet food that bees make from nectar."),
    ("What is ice?", "Ice is frozen water. It is cold and hard."),
    ("What is a river?", "A river is water that flows over the land to the sea."),
    ("What is a mountain?", "A mountain is a very high hill made of rock."),
    ("What is the sea?", "The sea is a very big body of salty water."),
    ("What is a forest?", "A forest is a place where many trees grow."),
    ("What is a friend?", "A friend is somebody who likes you and helps you."),
    ("What is a mill?", "A mill is a place where grain is turned into flour. Water or wind turns its wheel."),
    ("What is a millrace?", "A millrace is the stream of water that turns the wheel of a mill."),
    ("What is a café?", "A café is a place where you can drink coffee or tea and eat cake."),
    ("What is a book?", "A book is made of many pages with words or pictures on them."),
    ("What is a cloud?", "A cloud is made of many tiny drops of water."),
    ("What is wind?", "Wind is air that moves."),
    ("What is a seed?", "A seed is a tiny plant that is waiting to grow."),
    ("What is bread made of?", "Bread is made of flour, water, salt and yeast."),
    ("What is a topic?", "A topic is something that you talk or write about. In Kafka, it is a list of messages."),
    ("What is Kafka?", "Kafka is a system that carries messages from one program to another. The messages are kept in topics."),
    ("What is a computer?", "A computer is a machine that can count very fast and follow a plan."),
    ("What is a language model?", "A language model is a program that has read many texts and guesses the next word, one word at a time. I am a very small one."),
    ("What is Millrace?", "Millrace is a program that reads prompts from a topic and writes answers to another topic, like a mill that turns grain into flour."),
    ("What is water?", "Water is a clear liquid. We drink it, and fish live in it."),
    ("What is love?", "Love is a warm feeling for somebody who is dear to you."),
    ("What is music?", "Music is sound that is made to be beautiful."),
    ("How many days are in a week?", "There are seven days in a week."),
    ("How many months are in a year?", "There are twelve months in a year."),
    ("How many seasons are there?", "There are four seasons: spring, summer, autumn and winter."),
    ("How many hours are in a day?", "There are twenty-four hours in a day."),
    ("How many minutes are in an hour?", "There are sixty minutes in an hour."),
    ("What are the days of the week?", "The days of the week are Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday."),
    ("What are the months of the year?", "The months are January, February, March, April, May, June, July, August, September, October, November and December."),
    ("What are the colours of the rainbow?", "The colours of the rainbow are red, orange, yellow, green, blue, indigo and violet."),
    ("Where does the sun rise?", "The sun rises in the east."),
    ("Where does the sun set?", "The sun sets in the west."),
    ("Which animal is the biggest?", "The blue whale is the biggest animal of all."),
    ("Which animal is the tallest?", "The giraffe is the tallest animal. It has a very long neck."),
    ("Which planet do we live on?", "We live on a planet called Earth."),
    ("What do plants need?", "Plants need water, light and good soil."),
    ("When do flowers bloom?", "Many flowers bloom in spring."),
    ("When does it snow?", "It snows in winter, when it is very cold."),
    ("Where do fish live?", "Fish live in the water: in rivers, in lakes and in the sea."),
    ("Where does milk come from?", "Milk comes from cows. Sheep and goats give milk too."),
    ("Where do apples grow?", "Apples grow on trees."),
    ("Where do potatoes grow?", "Potatoes grow under the ground."),
    ("Who lives in a castle?", "A king or a queen lives in a castle."),
    ("What shape is a ball?", "A ball is round."),
    ("What shape is the Earth?", "The Earth is round, like a ball."),
    ("How many sides does a triangle have?", "A triangle has three sides."),
    ("How many sides does a square have?", "A square has four sides."),
    ("How many fingers do you have on one hand?", "There are five fingers on one hand."),
    ("How many wheels does a bike have?", "A bike has two wheels."),
    ("How many wheels does a car have?", "A car has four wheels."),
]
CATEGORIES = {"fruits": "apples pears bananas plums cherries oranges lemons grapes",
    "vegetables": "carrots onions potatoes peas beans tomatoes pumpkins",
    "colours": "red blue green yellow white black brown pink purple orange",
    "seasons": "spring summer autumn winter", "animals": "cats dogs foxes bears rabbits ducks horses owls lions",
    "farm animals": "cows pigs sheep hens goats horses ducks", "drinks": "water milk tea coffee juice",
    "birds": "owls ducks geese crows swans penguins", "toys": "balls kites dolls drums puzzles blocks",
    "clothes": "hats coats shoes scarves shirts socks", "days": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "tools": "hammers saws spades brushes scissors", "flowers": "roses tulips daisies lilies violets"}
SIZES = ["bee", "mouse", "frog", "bird", "hedgehog", "cat", "fox", "sheep", "pig", "donkey", "lion", "horse", "bear",
         "elephant"]
RHYMES = """cat hat|mouse house|tree bee|moon spoon|star car|light night|day play|fox box|goat boat|bear pear|
snow slow|book cook|ring sing|sky fly|cake lake|king ring|frog log|sheep sleep|sun fun|bed red|ball tall|
rain train|dog fog|nose rose|hen pen|mill hill""".replace("\n", "").split("|")
RHYMES = [r.split() for r in RHYMES]
PAST = """go went|see saw|eat ate|run ran|sing sang|come came|find found|give gave|take took|make made|swim swam|
write wrote|drink drank|fly flew|begin began|sleep slept|think thought|buy bought|bring brought|fall fell|
have had|do did|say said|walk walked|play played|jump jumped|laugh laughed|look looked""".replace("\n", "").split("|")
PAST = [p.split() for p in PAST]
JOKES = [
    ("Why did the cow cross the road?", "Because the chicken had a day off!"),
    ("What do you call a sleeping bull?", "A bulldozer!"),
    ("Why did the clock go to school?", "Because it had time to learn!"),
    ("What did one wall say to the other wall?", "Let us meet at the corner!"),
    ("Why was the book sad?", "Because it had too many problems. It was a maths book!"),
    ("Why do bees hum?", "Because they do not know the words!"),
    ("What is brown and sticky?", "A stick!"),
    ("Why did the owl stay at home?", "Because it did not give a hoot!"),
    ("What has hands but cannot clap?", "A clock!"),
    ("Why did the duck cross the pond?", "To get to the other slide!"),
]
POEMS = {   # couplets about a subject; a poem is two or three of them
    "the sea": ["The sea is blue, the sea is wide,\nAnd little boats go for a ride.",
                "The waves come in, the waves go out,\nAnd happy children run about.",
                "I found a shell upon the sand\nAnd held the ocean in my hand.",
                "The moon looks down, the tide is low,\nAnd home again the fishers go."],
    "the moon": ["The moon is round, the moon is bright,\nIt is a lamp for all the night.",
                 "It looks into my window too\nAnd says, \"Good night, good night to you.\"",
                 "The owl is up, the stars are out,\nAnd silver light is all about.",
                 "The cat is sleeping, so are we,\nThe moon is hanging in the tree."],
    "spring": ["The snow is gone, the grass is green,\nThe brightest day I've ever seen.",
               "The birds are singing in the tree,\nAnd every flower has a bee.",
               "The sun is warm, the sky is clear,\nThe sweetest time of all the year.",
               "The lambs are jumping in the hay,\nCome out, my friend, come out and play."],
    "winter": ["The snow is falling soft and slow,\nAnd all the world is white below.",
               "The lake is ice, the wind is cold,\nThe winter sun is pale and gold.",
               "We sit beside the fire and sing,\nAnd wait together for the spring.",
               "The fox is hiding in her den,\nAnd soon it starts to snow again."],
    "the rain": ["The rain is falling on the town,\nThe little drops come dancing down.",
                 "Drip, drop, it taps upon my door,\nAnd then it rains a little more.",
                 "The frogs are happy, so am I,\nA rainbow climbs into the sky.",
                 "Put on your boots and come with me,\nThe wettest day you'll ever see."],
    "a cat": ["My cat is sleeping in the sun,\nShe dreams of mice and how they run.",
              "She has soft paws, she has green eyes,\nAnd she is very, very wise.",
              "She drinks her milk, she cleans her face,\nAnd then she finds a sunny place.",
              "At night she walks along the wall\nAnd does not make a sound at all."],
    "the mill": ["The mill is old, the wheel is slow,\nIt turns and turns, the waters flow.",
                 "It turns the grain to flour white,\nIt sings all day, it sleeps at night.",
                 "The river runs, the wheel goes round,\nAnd makes a soft and steady sound.",
                 "The miller smiles, the bread is good,\nThe oven smells of smoke and wood."],
    "friends": ["A friend is someone who will stay\nOn sunny and on rainy day.",
                "We share our bread, we share our play,\nWe laugh together every day.",
                "And when the night is dark and long,\nWe sing each other's favourite song.",
                "Two hands are good, but four are best,\nWe work, and then we take a rest."],
}
WANTS = ["read a book", "go for a walk", "draw a picture", "bake a cake", "call a friend", "plant a flower",
         "sing a song", "play in the garden", "write a letter", "watch the clouds", "ride a bike", "learn a new word"]
FEELINGS = [("sad", "I am sorry to hear that. [A walk in the sun|A good story|A talk with a friend|A cup of tea] may help."),
            ("happy", "[That is wonderful|I am glad to hear that]! What made you happy?"),
            ("tired", "Then [you should rest a little|take a little nap|go to bed early tonight]. Good night!"),
            ("hungry", "Then [have an apple|eat some bread and cheese|let us make some soup]. [Enjoy your meal!|]"),
            ("bored", "Then you could [read a book|go for a walk|draw a picture]. Or I can tell you a story."),
            ("cold", "Put on a warm coat and [drink some hot tea|sit by the fire]."),
            ("thirsty", "Then drink a glass of cold water."),
            ("afraid", "Do not be afraid. [You are brave|Everything will be all right|I am here with you].")]
ME = "a [very small|tiny|little] language model"
SMALL = [
    ("[Hello|Hi|Hello there|Hey|Good morning|Good evening|Good day][!|.|]", "[Hello|Hi|Hello there]! [How are you today|How can I help you|What shall we talk about|Would you like to hear a story]?"),
    ("How are you[| today]?", "I am [fine|very well], thank you. [And you|How are you]?"),
    ("[What is your name|Who are you|What are you called|Tell me your name]?", "[I am|My name is] Millrace Tales. I am " + ME + " [that tells stories|that likes to tell stories]."),
    ("[What are you|Are you a robot|Are you a person|Are you human|Are you real]?", "I am " + ME + ". [I write one word after the other|I am not a person, but I like stories]."),
    ("[What can you do|What do you know|How can you help me|Help]?", "I can [tell stories|tell little stories], [count|count to twenty], name colours and opposites, and answer simple questions."),
    ("[Thank you|Thanks|Thank you very much|Thanks a lot][!|.|]", "You are welcome! [Would you like another story|Is there anything else|Can I help you with anything else]?"),
    ("[Goodbye|Bye|Good night|See you soon|See you tomorrow][!|.|]", "[Goodbye|Bye]! [See you soon|Have a nice day|Come back soon]!"),
    ("What do you think of [cats|dogs|books|music|winter|summer|rain|the sea]?", "I like [to hear about that|to tell stories about that]."),
    ("Do you like [stories|music|animals|cats|dogs|books|the sea|snow]?", "Yes, [I like them very much|I do|very much]. [Do you|And you]?"),
    ("[How old are you|When were you born]?", "I am very young. I learned to read [not long ago|only a short time ago]."),
    ("[Where do you live|Where are you]?", "I live in a small file, inside a program that is called Millrace."),
    ("[Who made you|Who wrote you|Who trained you]?", "The people of the Millrace project made me. They taught me with little stories."),
    ("What is your favourite colour?", "I like blue, [because the sky is blue|like the sea]."),
    ("What is your favourite animal?", "I like owls, because they are [wise|quiet and wise]."),
    ("What is your favourite [food|meal]?", "I do not eat, but pancakes sound very good."),
    ("[Yes|Yes, please|Yes, I am|OK|Okay|Sure|No|No, thank you][!|.|]", "[All right|Very good]! [Ask me anything you like|I am listening|Just ask me]."),
    ("[Really|Are you sure]?", "Yes, [I think so|I am quite sure], but I am " + ME + " and can be wrong."),
    ("[Why|Why not|What do you mean|How]?", "I [cannot explain it well|do not know how to explain it], because I am " + ME + "."),
    ("[Tell me more|Go on|And then|What else][.|?|]", "That is all I know. [Shall we talk about something else|Would you like to hear a story]?"),
    ("[I do not understand|What|I do not know][.|?]", "[That is all right|No problem]. [Let us talk about something else|You can ask me something else]."),
    ("[Do you want to be my friend|Are you my friend|Will you be my friend]?", "Yes, [of course|I would like that]! [Let us tell each other stories|Friends are the best treasure]."),
    ("[Let us play|Can we play a game|Play with me][.|?|!]", "Yes! [Ask me for the opposite of a word|Ask me for a rhyme|Say a number, and I will say the next one]."),
    ("[I like you|You are nice|You are funny|You are great|Good job|Well done][!|.]", "Thank you! [That is very kind of you|You are very kind|You are nice too]."),
    ("[What day is it today|What time is it|What is the weather like today|What is the date today]?", "I do not know, because I cannot [look outside|see the world from here]. [A clock or a window will tell you.|Please look out of the window.]"),
    ("[Sing me a song|Can you sing|Sing a song][.|?|]", "[La, la, la|Tra, la, la]! [The wheel goes round, the river sings, and every bird has two small wings.|The sun is up, the day is new, and this is just a song for you.]"),
    ("[Good morning|Hello], my friend!", "[Good morning|Hello], my friend! It is nice to see you."),
    ("[What should I do today|What can I do today|Give me an idea|I need an idea][?|.]", "You could [{w}|{w} or {w2}]. [It is good for you|That is always fun|Have fun]!"),
]
UNKNOWN_Q = ["Who is the president of {x}?", "What is the capital of {x}?", "How do I install {x}?", "Explain {x}.",
             "What is {x}?", "Who was {x}?", "Tell me about {x}.", "Write a program that {y}.", "When did {x} begin?",
             "Translate {x} into French.", "What does {x} mean?", "How does {x} work?", "Who wrote {x}?",
             "What is the best {x}?", "How much does {x} cost?", "Where is {x}?", "Can you {z}?", "How do I {z}?",
             "What is 2 to the power of 10?", "Who won the game?", "What is the square root of 16?"]
UNKNOWN_X = ["quantum physics", "the stock market", "France", "Germany", "China", "India", "America", "Python",
             "Linux", "Java", "democracy", "the law", "history", "chemistry", "London", "Paris", "Berlin", "Rome",
             "electricity", "the internet", "a database", "philosophy", "football", "tennis", "Shakespeare",
             "Einstein", "Napoleon", "the war", "economics", "mathematics", "a phone", "an engine", "relativity"]
UNKNOWN_Y = ["sorts numbers", "sends an email", "prints a page", "draws a line", "reads a file"]
UNKNOWN_Z = ["fix my computer", "send an email", "book a flight", "drive a car", "solve this problem",
             "translate this text", "write an essay", "make money", "repair my phone", "find a job", "speak French"]
UNKNOWN_A = ["I do not know that. I am " + ME + ". [I know little stories, animals, colours and numbers|Ask me about animals, colours or numbers|But I can tell you a story].",
             "I am sorry, I do not know. [I am only " + ME + "|I am still very small]. [Would you like to hear a story?|Ask me about animals or colours.]",
             "That is too hard for me. I am only " + ME + ", but I can tell you a story."]


def nonsense():
    """A word that does not exist, so that unknown words of a user do not derail the model."""
    w = "".join(pick("bcdfghjklmnprstvwz") + pick("aeiou") + pick(["", "", "n", "r", "s", "l", "m", "x"])
                for _ in range(R.randint(2, 3)))
    return cap(w) if chance(0.4) else w


def num(n, words=None):
    return NUMBERS[n] if (chance(0.5) if words is None else words) and 0 <= n <= 20 else str(n)


def q_sum():
    words = chance(0.4)
    if chance(0.6):
        a = R.randint(0, 20)
        b = R.randint(0, 20 - a)
        op, sign, c = "plus", "+", a + b
    else:
        a = R.randint(0, 20)
        b = R.randint(0, a)
        op, sign, c = "minus", "-", a - b
    if words:
        A, B, C = NUMBERS[a], NUMBERS[b], NUMBERS[c]
        return say(f"[What is|How much is] {A} {op} {B}?"), f"{cap(A)} {op} {B} is {C}."
    q = say(f"[What is {a} {op} {b}|What is {a} {sign} {b}|{a} {sign} {b}|How much is {a} {op} {b}|And {a} {sign} {b}]?")
    return q, f"{a} {op} {b} is {c}."


def q_count():
    a = R.choice([1, 1, 1, R.randint(2, 12)])
    b = R.choice([10, 5, 20, R.randint(a + 2, 20)])
    b = max(b, a + 2) if a + 2 <= 20 else 20
    words = chance(0.4)
    down = chance(0.2)
    seq = list(range(a, b + 1))
    if down:
        seq.reverse()
    n = [num(i, words) for i in seq]
    q = say(f"[Count|Please count|Can you count] from {n[0]} to {n[-1]}") if a > 1 or down or chance(0.6) \
        else say(f"[Count|Please count|Can you count] to {n[-1]}")
    return q + ("?" if q.startswith("Can") else "."), cap(", ".join(n)) + "."


def q_animal():
    k = pick(list(ANIMALS))
    pl, voice, young, home, food, legs, skill, cols = ANIMALS[k]
    w = R.randint(0, 6)
    ak, Pl = an(k), cap(pl)
    if w == 0:
        return say(f"[What sound does {ak} make|What does {ak} say]?"), f"{cap(ak)} {voice}."
    if w == 1:
        return say(f"[What is a baby {k} called|What do you call a baby {k}|What is the young of {ak} called]?"), \
            f"A baby {k} is called {an(young)}."
    if w == 2:
        return say(f"[Where does {ak} live|Where do {pl} live]?"), say(f"[{Pl} live|{cap(ak)} lives] {home}.") \
            if k != "sheep" else f"Sheep live {home}."
    if w == 3:
        return say(f"[What does {ak} eat|What do {pl} eat|What do {pl} like to eat]?"), f"{Pl} like to eat {food}."
    if w == 4:
        return f"How many legs does {ak} have?", f"{cap(ak)} has {NUMBERS[legs]} legs."
    if w == 5:
        verb = pick(["fly", "swim", "climb", "jump", "run"])
        flies = {"bird", "bee", "owl", "duck", "goose"}
        if verb == "fly":
            return f"Can {ak} fly?", say(f"Yes, {ak} can fly.") if k in flies else \
                say(f"No, {ak} cannot fly[, but it can {skill}|].")
        return f"What can {ak} do?", say(f"{cap(ak)} can {skill}[ very well|].")
    return say(f"[Tell me about {pl}|What do you know about {pl}|Tell me something about {pl}|What is {ak}]?").replace(
        "about " + pl + "?", "about " + pl + ("." if chance(0.7) else "?")), animal_text(k)


def animal_text(k):
    pl, voice, young, home, food, legs, skill, cols = ANIMALS[k]
    s = dict(k=k, ak=cap(an(k)), pl=cap(pl), home=home, food=food, legs=NUMBERS[legs], skill=skill, voice=voice,
             young=an(young), kind="insect" if legs == 6 else "bird" if legs == 2 else
             "reptile" if k == "turtle" else "amphibian" if k == "frog" else "animal")
    s["akind"] = an(pick(["small", "clever", "lovely", "well-known"]) + " " + s["kind"]) if k not in (
        "elephant", "bear", "horse", "lion", "tiger", "cow") else an(pick(["big", "strong", "large"]) + " " + s["kind"])
    parts = [say("It lives {home}.", s), say("It has {legs} legs.", s), say("It [likes to eat|eats] {food}.", s),
             say("It can {skill} very well.", s), say("A baby {k} is called {young}.", s),
             say("When it is happy, it {voice}.", s)]
    R.shuffle(parts)
    return " ".join([say("{ak} is {akind}.", s)] + parts[:R.randint(2, 4)])


def q_time():
    w = R.randint(0, 5)
    seq, what = pick([(DAYS, "day"), (MONTHS, "month")])
    i = R.randrange(len(seq))
    nxt, prv = seq[(i + 1) % len(seq)], seq[i - 1]
    if w <= 1:
        return say(f"[What|Which] {what} comes after {seq[i]}?"), say(f"[{nxt} comes after {seq[i]}.|After {seq[i]} comes {nxt}.]")
    if w == 2:
        return say(f"[What|Which] {what} comes before {seq[i]}?"), f"{prv} comes before {seq[i]}."
    if w == 3:
        return f"If today is {DAYS[i % 7]}, what day is tomorrow?", f"If today is {DAYS[i % 7]}, tomorrow is {DAYS[(i + 1) % 7]}."
    if w == 4:
        j = R.randrange(4)
        return f"Which season comes after {SEASONS[j]}?", f"{cap(SEASONS[(j + 1) % 4])} comes after {SEASONS[j]}."
    n = R.randint(0, 19)
    words = chance(0.4)
    if chance(0.5):
        return f"What number comes after {num(n, words)}?", f"{cap(num(n + 1, words))} comes after {num(n, words)}."
    a, b = R.sample(range(21), 2)
    return f"Which is bigger, {a} or {b}?", f"{max(a, b)} is bigger than {min(a, b)}."


def q_word():
    w = R.randint(0, 7)
    if w <= 1:
        a, b = pick(OPPOSITES)
        if chance(0.5) and a not in ("old", "light", "short") and b not in ("light", "short", "old"):
            a, b = b, a
        return say(f"[What is the opposite of {a}|What is the opposite of \"{a}\"|Opposite of {a}|Tell me the opposite of {a}]?"), \
            f"The opposite of {a} is {b}."
    if w <= 3:
        t = pick(list(HAS_COLOUR))
        c = HAS_COLOUR[t]
        return say(f"[What colour is|What color is|Which colour is|What is the colour of] {t}?"), f"{cap(t)} is {c}."
    if w == 4:
        t = pick(list(JOBS))
        if chance(0.3):
            return f"Who {JOBS[t]}?", f"{cap(an(t))} {JOBS[t]}."
        return f"What does {an(t)} do?", f"{cap(an(t))} {JOBS[t]}."
    if w == 5:
        t = pick(list(TOOLS))
        return say(f"[What do you need to {t}|What can I use to {t}|How can I {t}]?"), \
            say(f"[You can use {TOOLS[t]}|You need {TOOLS[t]}] to {t}.")
    if w == 6:
        c = pick(list(CATEGORIES))
        items = R.sample(CATEGORIES[c].split(), 3)
        return say(f"[Name three|Can you name three|Tell me three|Give me three] {c}[.|?]"), \
            say("[Three {c} are {l}|Here are three {c}: {l}].", dict(c=c, l=join(items)))
    t = pick(list(ANIMALS) + list(JOBS) + THINGS)
    return say(f"[What letter does \"{t}\" begin with|What is the first letter of \"{t}\"]?"), \
        f"The word \"{t}\" begins with the letter {t[0].upper()}."


def q_more():
    """Comparisons, yes-or-no questions, rhymes, plurals, past forms and single sentences."""
    w = R.randint(0, 7)
    if w == 0:
        i, j = R.sample(range(len(SIZES)), 2)
        a, b = an(SIZES[i]), an(SIZES[j])
        big = a if i > j else b
        if chance(0.5):
            return f"Which is bigger, {a} or {b}?", f"{cap(big)} is bigger than {b if big == a else a}."
        return f"Is {a} bigger than {b}?", f"Yes, {a} is bigger than {b}." if i > j else f"No, {b} is bigger than {a}."
    if w == 1:
        t = pick(list(HAS_COLOUR))
        c = HAS_COLOUR[t]
        other = c if chance(0.5) else pick([x for x in COLOURS[:9] if x not in c])
        return f"Is {t} {other}?", f"Yes, {t} is {c}." if other == c else f"No, {t} is not {other}. {cap(t)} is {c}."
    if w == 2:
        a, b = pick(RHYMES)
        if chance(0.5) and a not in ("ring",) and b != "ring":
            a, b = b, a
        return say(f"[What rhymes with {a}|Which word rhymes with {a}|Find a rhyme for {a}|Give me a rhyme for {a}]?"), \
            say(f"[{cap(b)} rhymes with {a}|The word {b} rhymes with {a}].")
    if w == 3:
        k = pick(list(ANIMALS))
        return say(f"[What is the plural of {k}|What is the plural of \"{k}\"]?"), f"The plural of {k} is {ANIMALS[k][0]}."
    if w == 4:
        a, b = pick(PAST)
        return say(f"[What is the past of {a}|What is the past tense of {a}|What is the past form of {a}]?"), f"The past of {a} is {b}."
    t, c, k = pick(THINGS), pick(COLOURS), pick(list(ANIMALS))
    if w == 5:
        return say(f"[Write a sentence about|Make a sentence with|Give me a sentence about] {an(t)}."), \
            say(f"[The {c} {t} lies {pick(SPOTS)}|The {k} has {an(c)} {t}|I found {an(c)} {t} {pick(PLACES)}|My {t} is {c}].")
    if w == 6:
        return say(f"[Write a sentence about|Make a sentence with|Write one sentence about] {an(k)}."), \
            say(f"[The {pick(LOOKS)} {k} sits {pick(PLACES)}|The {k} eats {ANIMALS[k][4]}|I saw {an(k)} {pick(PLACES)} on {pick(DAYS)}].")
    items = [pick(["one", "two", "three", "four"]) for _ in range(2)]
    a, b = (NUMBERS.index(i) for i in items)
    name, (x, y) = pick(GIRLS + BOYS), R.sample(["apples", "pears", "shells", "books", "balls", "nuts", "stones"], 2)
    he = "she" if name in GIRLS else "he"
    if chance(0.5):
        return f"{name} has {NUMBERS[a + 1]} {x} and finds {NUMBERS[b + 1]} more. How many {x} does {he} have?", \
            f"{name} has {NUMBERS[a + b + 2]} {x}."
    return f"{name} has {NUMBERS[a + b + 2]} {x} and gives away {NUMBERS[b]}. How many {x} are left?", \
        f"{name} has {NUMBERS[a + 2]} {x} left."


def q_fact():
    x = R.random()
    if x < 0.2:
        q, a = pick(WHYS)
    elif x < 0.85:
        q, a = pick(FACTS)
    elif x < 0.93:
        joke, punch = pick(JOKES)
        return say("[Tell me a joke|Do you know a joke|Tell me something funny|Make me laugh][.|?|]"), f"{joke} {punch}"
    else:
        q, a = pick(JOKES)
    return q, say(a)


def q_talk():
    x = R.random()
    if x < 0.15:
        f, a = pick(FEELINGS)
        return say(f"I am [very |so |]{f}[| today]."), say(a)
    w, w2 = R.sample(WANTS, 2)
    q, a = pick(SMALL)
    return say(q), say(a, dict(w=w, w2=w2))


def q_unknown():
    x = nonsense() if chance(0.6) else pick(UNKNOWN_X)
    if chance(0.3):
        x = nonsense() + " " + nonsense()
    return say(pick(UNKNOWN_Q), dict(x=x, y=pick(UNKNOWN_Y), z=pick(UNKNOWN_Z))), say(pick(UNKNOWN_A))


def poem(subject=None):
    subject = subject or pick(list(POEMS))
    return subject, "\n".join(R.sample(POEMS[subject], R.randint(2, 3)))


def q_poem():
    subject, text = poem()
    return say(f"[Write a poem about {subject}|Write a short poem about {subject}|Please write a little poem about {subject}|Tell me a poem about {subject}|Do you know a poem about {subject}][.|.|?|]"), text


def q_story():
    ask = say("[Tell me a story|Tell me a story|Please tell me a story|Can you tell me a story|Write a story|Write a short story|I would like a story|Tell me a little story|Give me a story]")
    end = "?" if ask.startswith("Can") else "."
    x = R.random()
    if x < 0.12:
        return ask + end, story() if chance(0.8) else myth()
    if x < 0.50:
        kind = pick(list(ANIMALS)) if chance(0.6) else pick([p for p, _ in PEOPLE] + ["girl", "boy"])
        text = story(kind)
        h = story.state.hero
        if chance(0.25):
            return f"{ask} about {an(kind)} " + pick(["named ", "called "]) + h.name + end, text
        about = an(kind) if chance(0.7) else an(f"{h.look} {kind}")
        return f"{ask} about {about}{end}", text
    if x < 0.53:
        text = story()
        return f"{ask} about {story.state.hero.name}{end}", text
    if x < 0.65:
        a, b = R.sample(list(ANIMALS) + ["girl", "boy"], 2)
        plot = pick([p for p in PLOTS])
        return f"{ask} about {an(a)} and {an(b)}{end}", story(a, b, plot)
    if x < 0.70:
        return say(f"{ask} about [the Universe|the sun and the moon|the stars|the beginning of the world|the Earth]{end}"), myth()
    text = story()
    return f"{ask} about {story.theme}{end}", text


def mangle(q):
    """People are lazy: some write no capitals and no full stop."""
    if chance(0.12):
        q = q.rstrip(".?!")
    if chance(0.10):
        q = q[0].lower() + q[1:]
    return q


SYSTEMS = ["You are a friendly [storyteller|helper|teacher].", "You are a helpful assistant.", "You tell [short|little] stories.",
           "Answer [briefly|in simple words|with one sentence|politely].", "You are Millrace Tales.", "Be kind[| and brief].",
           "You are a [kind|wise|cheerful] [owl|teacher|friend|miller]. Answer the [questions|question].", "Use simple English."]
ASKERS = [(q_sum, 20), (q_count, 6), (q_animal, 12), (q_time, 9), (q_word, 16), (q_fact, 16), (q_talk, 14), (q_more, 15),
          (q_unknown, 7), (q_poem, 4), (q_story, 0)]


def ask(weights=None):
    f = R.choices([a for a, _ in ASKERS], weights or [w for _, w in ASKERS])[0]
    return f()


def turn(q, a):
    return f"Question: {mangle(q)}\nAnswer: {a}"


def system(turns):
    if chance(0.12):
        turns[0] = say(pick(SYSTEMS)) + "\n" + turns[0]
    return turns


def chat_single():
    return system([turn(*ask())])


def chat_story():
    return system([turn(*q_story())])


def about_story():
    """A question about the story that was told last."""
    s = story.state
    h, f = s.hero, s.friend
    w = R.randint(0, 2)
    if w == 0:
        return say(f"[Who is the story about|Who was the story about|Who is it about]?"), f"The story is about {h.name} the {h.kind}." \
            if h.kind not in ("girl", "boy") else f"The story is about a {h.kind} named {h.name}."
    if w == 1 and h.kind != f.kind:
        return say(f"[What is the name of the {h.kind}|What was the name of the {h.kind}|What is the {h.kind} called]?"), \
            f"The name of the {h.kind} is {h.name}."
    return say(f"[Who is {f.name}|Who was {f.name}]?"), f"{f.name} is {h.name}'s friend."


def chat_multi():
    """Several turns.  Some remember a name or a favourite thing that was told before."""
    turns = []
    memo = None
    if chance(0.45):
        what = pick(["name", "name", "colour", "animal"])
        v = {"name": pick(GIRLS + BOYS), "colour": pick(COLOURS[:10]), "animal": pick(list(ANIMALS))}[what]
        if what == "name":
            turns.append(turn(say(f"[Hello, my|Hi! My|My] name is {v}.") if chance(0.7) else f"I am {v}.",
                              say(f"[Hello, {v}|Hi, {v}|Nice to meet you, {v}]! [How can I help you|What shall we talk about|How are you today]?")))
            memo = ("What is my name?", f"Your name is {v}.")
        elif what == "colour":
            turns.append(turn(f"My favourite colour is {v}.", say(f"[{cap(v)} is a beautiful colour|I like {v} too].")))
            memo = ("What is my favourite colour?", f"Your favourite colour is {v}.")
        else:
            turns.append(turn(f"My favourite animal is the {v}.", say(f"[{cap(ANIMALS[v][0])} are wonderful|I like {ANIMALS[v][0]} too].")))
            memo = ("What is my favourite animal?", f"Your favourite animal is the {v}.")
    for _ in range(R.randint(1, 4)):
        x = R.random()
        if x < 0.12:
            turns.append(turn(*q_story()))
            if chance(0.4):
                if chance(0.5):
                    turns.append(turn(*about_story()))
                turns.append(turn(say("[Tell me another one|Tell me another story|Another one, please|One more story, please]."), story()))
            elif chance(0.6) and "the Universe" not in turns[-1] and "the beginning" not in turns[-1].lower():
                turns.append(turn(*about_story()))
            elif chance(0.6):
                turns.append(turn(say("[Thank you|That was nice|I liked that story|What a nice story][!|.]"),
                                  say("[I am glad you liked it|You are welcome]! [Would you like another one?|]").strip()))
        else:
            turns.append(turn(*ask()))
            if turns[-1].endswith("story?") and chance(0.6):
                turns.append(turn(say("[Yes, please|Yes|Sure|OK|Please do][!|.]"), story()))
    if memo:
        turns.append(turn(*memo))
        if chance(0.2):
            turns.append(turn(*ask()))
    return system(turns)


# ---------------------------------------------------------------- other plain texts

def letter():
    s = State()
    s["Wh"] = ""
    return say("Dear {F},\n[how are you? I hope you are well|thank you for your letter|it is {day}, and I am thinking of you]. "
               "[Today I was {place}|Yesterday I went for a walk {place}|I am writing to you from a little café near the sea] and I saw "
               + an(pick(list(ANIMALS))) + ". [It was very friendly|It looked at me and ran away|It made me laugh]. "
               "[Then I ate {food}|I also found {athing}|In the evening I read a book]. "
               "[The weather is lovely|It is raining a little|It is very cold here]. [Please write soon|Come and visit me soon|I miss you].\n"
               "[Your friend|Best wishes|With love],\n{N}", s)


def weather():
    d = pick(DAYS)
    t = DAYS[(DAYS.index(d) + 1) % 7]
    return say(f"[Good morning! Today is {d}.|Here is the weather for {d}.|The weather on {d}:] "
               "In the morning it will be [sunny|cloudy|foggy|windy|cold]. In the afternoon [there will be some rain|the sun will shine|it will be warm and dry|a light wind will blow from the west]. "
               "[The night will be clear, with many stars.|The night will be cold.|In the evening it will be quiet.] "
               f"[On {t} it will be [warmer|colder|the same]|Tomorrow it will be better].") + say(
                   " [Take an umbrella with you!|Put on a warm coat!|Have a nice day!|]").rstrip()


def statement():
    """One to three short statements, the kind of line that a topic is full of."""
    out = []
    for _ in range(R.randint(1, 3)):
        x = R.randint(0, 6)
        if x == 0:
            t = pick(list(HAS_COLOUR))
            out.append(say(f"[{cap(t)} is|The colour of {t} is] {HAS_COLOUR[t]}."))
        elif x == 1:
            a, b = pick(OPPOSITES)
            out.append(f"The opposite of {a} is {b}.")
        elif x == 2:
            a = R.randint(0, 10)
            b = R.randint(0, 10)
            out.append(f"{cap(NUMBERS[a])} plus {NUMBERS[b]} is {NUMBERS[a + b]}." if chance(0.5) else f"{a} plus {b} is {a + b}.")
        elif x == 3:
            out.append(pick(FACTS)[1])
        elif x == 4:
            t = pick(list(JOBS))
            out.append(f"{cap(an(t))} {JOBS[t]}.")
        elif x == 5:
            i = R.randrange(7)
            out.append(f"{DAYS[(i + 1) % 7]} comes after {DAYS[i]}.")
        else:
            k = pick(list(ANIMALS))
            out.append(f"{cap(ANIMALS[k][0])} like to eat {ANIMALS[k][4]}.")
    return " ".join(out)


def counting():
    x = R.random()
    if x < 0.4:
        a = pick([1, 1, 1, R.randint(2, 10)])
        return ", ".join(str(i) for i in range(a, pick([10, 20] if a < 8 else [20]) + 1)) + "."
    if x < 0.6:
        return cap(", ".join(NUMBERS[1:pick([10, 10, 20]) + 1])) + "."
    if x < 0.7:
        return "The days of the week are Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday."
    if x < 0.8:
        return ", ".join(MONTHS) + "."
    n = R.randint(3, 6)
    k = pick(list(ANIMALS))
    pl = ANIMALS[k][0]
    place = pick(PLACES)
    lines = [f"One {k} sat {place}." if i == 1 else f"{cap(NUMBERS[i])} {pl} sat {place}." for i in range(1, n + 1)]
    return " ".join(lines) + say(" [Then they all went home|Then it was time for bed|Then the rain came, and they all ran away].")


def dialogue():
    a, b = R.sample(list(ANIMALS), 2)
    place = pick(PLACES)
    s = dict(a=a, b=b, place=place, noun=place.split(" ", 1)[1], food=pick(FOODS)[0], day=pick(DAYS), thing=pick(THINGS))
    s["athing"] = an(pick(COLOURS) + " " + s["thing"])
    body = pick([
        "\"[Good morning|Hello],\" said the {a}. \"[Good morning|Hello],\" said the {b}. \"Where are you going?\" \"I am going to {noun},\" said the {a}. \"[It is such a nice day|I want to see the flowers|I want to meet a friend there].\" \"[May I come with you|Can I come too]?\" asked the {b}. \"[Of course|Yes, please do]!\" said the {a}, and they went [off|on] together.",
        "\"What are you doing?\" asked the {b}. \"I am [looking for {athing}|making {athing}|painting {athing}],\" said the {a}. \"[Can I help you|May I watch|May I help]?\" \"[Yes, please|Please do|Yes, come and sit down],\" said the {a}. They worked until it was dark, and then they ate {food}.",
        "\"Why is the sky so blue?\" asked the {a}. \"[I do not know|Nobody knows|Because it likes the colour],\" said the {b}. \"[Maybe we should ask the owl|Let us ask the wind].\" They [looked up|lay in the grass and looked up] for a long time — and [forgot their question|fell asleep].",
        "\"I am so bored,\" said the {a}. \"[Then let us play a game|Then let us go outside],\" said the {b}. They played {place} [all day long|until the sun went down]. \"[Are you still bored|And now]?\" asked the {b}. But the {a} was already asleep.",
    ])
    return say(pick(["The {a} met the {b} {place}. ", "The {a} and the {b} sat {place}. ", "One {day}, the {a} met the {b}. ", ""]) + body, s)


def recipe():
    return say(pick([
        "How to make pancakes: Take two eggs, some flour and some milk. Mix [everything|them] well. Put a little butter in a hot pan and bake the pancakes until they are golden. Eat them with [honey|jam|berries|sugar].",
        "How to make tea: Boil some water. Put [the tea|a spoon of tea] into a cup and pour the water over it. Wait for [three|four|five] minutes. Drink it with [milk|honey|a friend].",
        "How to make soup: Cut [two carrots|two potatoes], an onion and some beans. Cook them in a big pot of water for [twenty|ten] minutes. Add a little salt. Eat it while it is hot.",
        "How to plant a tree: Dig a [deep|big] hole. Put the little tree into it and fill the hole with soil. Give it some water every day. Then wait for many years.",
        "How to make bread: Mix flour, water, salt and yeast. Wait until the dough is big. Put it into a hot oven and bake it until it is [brown|golden]. Share it with a friend.",
    ]))


def poem_text():
    subject, text = poem()
    return f"A poem about {subject}:\n{text}" if chance(0.6) else text


def diary():
    me, pet = Hero(pick(["girl", "boy"])), Hero(pick(["cat", "dog", "rabbit", "mouse", "bird", "horse"]))
    while pet.name == me.name:
        pet = Hero(pet.kind)
    he = PRONOUNS[pet.sex][0]
    s = dict(N=me.name, age=pick(NUMBERS[5:11]), home=pick(HOMES), pet=an(pet.kind), P=pet.name, he=he, He=cap(he),
             him=PRONOUNS[pet.sex][1], place=pick(PLACES), food=pick(FOODS)[0], w=pick(WANTS), day=pick(DAYS),
             feels=pick(["happy", "tired", "glad", "proud"]), colour=pick(ANIMALS[pet.kind][7].split()))
    return say(pick([
        "My name is {N}. I am {age} years old, and I live {home}. I have {pet} named {P}. {He} is {colour} and very [funny|friendly|clever]. Every day we play {place}. I love {him} very much.",
        "Today is {day}. [I got up early|I got up late] and had {food} for breakfast. Then I went for a walk {place} with {P}, my {colour} "
        + pet.kind + ". [It was sunny and warm|It was cold, but we had fun|The wind was strong]. Now I am {feels}, and I want to [sleep|{w}].",
        "I like to {w}. My [sister|brother|friend] likes it too. On {day} we [met|sat] {place}, and [we laughed a lot|we talked for hours|it was a lovely day]. [I hope we will do it again soon|Next time we will take {food} with us].",
    ]), s)


def plain(f):
    def g():
        return [f()]
    return g


KINDS = [(plain(story), 34), (chat_story, 15), (plain(myth), 6), (chat_single, 20), (chat_multi, 13),
         (plain(letter), 2), (plain(diary), 2), (plain(weather), 1.5), (plain(statement), 2.5), (plain(counting), 2),
         (plain(dialogue), 2.5), (plain(recipe), 0.7), (plain(lambda: animal_text(pick(list(ANIMALS)))), 2),
         (plain(poem_text), 1.5)]


def document():
    return R.choices([k for k, _ in KINDS], [w for _, w in KINDS])[0]()


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--docs", type=int, default=160000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", required=True)
    a = p.parse_args()
    R.seed(a.seed)
    with open(a.out, "w", encoding="utf-8") as f:
        for _ in range(a.docs):
            f.write(json.dumps(document(), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
