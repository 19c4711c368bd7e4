#!/usr/bin/env python3
"""Reads the exported GGUF file back with code of its own, lets it write, and checks what it says.

Nothing here is shared with the exporter: the file is parsed, the weights are dequantized, the
tokenizer is rebuilt from the metadata, and the text is written token by token with a key/value
cache.  With --run, the logits are compared with those of the trained model, and the tokenizer
with SentencePiece; with --heldout as well, the loss of the quantized model is measured.  With
--stories, that many stories are written and checked (check.py), and the facts are asked.

    python3 verify.py tales.gguf [--run run/] [--heldout heldout.jsonl] [--prompts prompts.txt] [--stories 200]
"""
import argparse
import os
import struct

import numpy as np

import generate_corpus as corpus
from check import faults

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


class Gguf:
    def __init__(self, path):
        self.data = open(path, "rb").read()
        self.at = 0
        assert self.data[:4] == b"GGUF"
        self.at = 4
        assert self.scalar("<I") == 3
        n_tensors, n_meta = self.scalar("<Q"), self.scalar("<Q")
        self.meta = {}
        for _ in range(n_meta):
            key = self.string()
            self.meta[key] = self.value(self.scalar("<I"))
        infos = []
        for _ in range(n_tensors):
            name = self.string()
            shape = [self.scalar("<Q") for _ in range(self.scalar("<I"))]
            infos.append((name, shape, self.scalar("<I"), self.scalar("<Q")))
        align = self.meta.get("general.alignment", 32)
        start = (self.at + align - 1) // align * align
        self.tensors = {n: self.tensor(s, k, start + o) for n, s, k, o in infos}

    def scalar(self, f):
        v, = struct.unpack_from(f, self.data, self.at)
        self.at += struct.calcsize(f)
        return v

    def string(self):
        n = self.scalar("<Q")
        self.at += n
        return self.data[self.at - n:self.at].decode("utf-8")

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            of, n = self.scalar("<I"), self.scalar("<Q")
            return [self.value(of) for _ in range(n)]
        return self.scalar(SCALARS[kind])

    def tensor(self, shape, kind, at):
        n = int(np.prod(shape))
        if kind == 0:
            x = np.frombuffer(self.data, "<f4", n, at)
        else:
            assert kind == 8, f"tensor type {kind}"
            blocks = np.frombuffer(self.data, np.dtype([("d", "<f2"), ("q", "i1", 32)]), n // 32, at)
            x = blocks["d"].astype(np.float32)[:, None] * blocks["q"]
        return np.ascontiguousarray(x.reshape(shape[::-1]), dtype=np.float32)


class Tokenizer:
    """SentencePiece BPE from the metadata: merge the adjacent pair with the best score, repeat."""

    def __init__(self, meta):
        self.pieces = meta["tokenizer.ggml.tokens"]
        self.scores = meta["tokenizer.ggml.scores"]
        self.types = meta["tokenizer.ggml.token_type"]
        self.ids = {p: i for i, p in enumerate(self.pieces)}
        self.bos, self.eos = meta["tokenizer.ggml.bos_token_id"], meta["tokenizer.ggml.eos_token_id"]

    def encode(self, text):
        parts = list(" " + text)
        parts = [p.replace(" ", "\u2581") for p in parts]
        while True:
            best = None
            for i in range(len(parts) - 1):
                t = self.ids.get(parts[i] + parts[i + 1])
                if t is not None and self.types[t] == 1 and (best is None or self.scores[t] > best[0]):
                    best = self.scores[t], i
            if best is None:
                break
            i = best[1]
            parts[i:i + 2] = [parts[i] + parts[i + 1]]
        out = []
        for p in parts:
            t = self.ids.get(p)
            out += [t] if t is not None and self.types[t] == 1 else \
                [self.ids[f"<0x{b:02X}>"] for b in p.encode("utf-8")]
        return out

    def decode(self, ids):
        b = b""
        for t in ids:
            if self.types[t] == 6:
                b += bytes([int(self.pieces[t][3:5], 16)])
            elif self.types[t] == 1:
                b += self.pieces[t].replace("\u2581", " ").encode("utf-8")
        return b.decode("utf-8", "replace")


class Model:
    def __init__(self, gguf):
        m, self.w = gguf.meta, gguf.tensors
        self.layers, self.dim = m["llama.block_count"], m["llama.embedding_length"]
        self.heads, self.kv = m["llama.attention.head_count"], m["llama.attention.head_count_kv"]
        self.context, self.eps = m["llama.context_length"], m["llama.attention.layer_norm_rms_epsilon"]
        self.size = self.dim // self.heads
        n = m["llama.rope.dimension_count"]
        self.freq = m["llama.rope.freq_base"] ** (-np.arange(0, n, 2) / n)
        self.output = self.w.get("output.weight", self.w["token_embd.weight"])
        self.reset()

    def reset(self):
        shape = (self.layers, self.context, self.kv, self.size)
        self.keys, self.values, self.n = np.zeros(shape, np.float32), np.zeros(shape, np.float32), 0

    def norm(self, x, name):
        return x / np.sqrt(np.mean(x * x) + self.eps) * self.w[name]

    def rope(self, x):
        a = self.n * self.freq
        cos, sin = np.cos(a), np.sin(a)
        y = np.empty_like(x)
        y[:, 0::2] = x[:, 0::2] * cos - x[:, 1::2] * sin
        y[:, 1::2] = x[:, 0::2] * sin + x[:, 1::2] * cos
        return y

    def step(self, token):
        """Takes one token and returns the logits of the next."""
        x = self.w["token_embd.weight"][token]
        for l in range(self.layers):
            w = lambda name: self.w[f"blk.{l}.{name}.weight"]
            y = self.norm(x, f"blk.{l}.attn_norm.weight")
            q = self.rope((w("attn_q") @ y).reshape(self.heads, self.size))
            self.keys[l, self.n] = self.rope((w("attn_k") @ y).reshape(self.kv, self.size))
            self.values[l, self.n] = (w("attn_v") @ y).reshape(self.kv, self.size)
            out = []
            for h in range(self.heads):
                g = h * self.kv // self.heads
                s = self.keys[l, :self.n + 1, g] @ q[h] / np.sqrt(self.size)
                p = np.exp(s - s.max())
                out.append(p / p.sum() @ self.values[l, :self.n + 1, g])
            x = x + w("attn_output") @ np.concatenate(out)
            y = self.norm(x, f"blk.{l}.ffn_norm.weight")
            g = w("ffn_gate") @ y
            x = x + w("ffn_down") @ (g / (1 + np.exp(-g)) * (w("ffn_up") @ y))
        self.n += 1
        return self.output @ self.norm(x, "output_norm.weight")


def write(model, tok, prompt, temperature, rng, limit=200):
    """Returns the continuation, and whether the model ended it by itself."""
    model.reset()
    out = []
    for t in [tok.bos] + tok.encode(prompt):
        logits = model.step(t)
    while model.n < model.context and len(out) < limit:
        if temperature:
            p = np.exp((logits - logits.max()) / temperature)
            t = int(rng.choice(len(p), p=p / p.sum()))
        else:
            t = int(logits.argmax())
        if t == tok.eos:
            return tok.decode(out), True
        out.append(t)
        logits = model.step(t)
    return tok.decode(out), False


def check_stories(model, tok, n, temperature, rng):
    """Stories without a fault, of n; half of them are asked for, and must be about that."""
    good, tokens = 0, []
    for i in range(n):
        kind, thing, colour = (corpus.R.choice(x) for x in (corpus.KINDS, corpus.THINGS, corpus.COLOURS))
        prompt, wanted = [
            (f"Once upon a time there was a {corpus.R.choice(corpus.LOOKS)} {kind}", [kind]),
            (f"One day, a {corpus.R.choice(corpus.LOOKS)} {kind}", [kind]),
            (f"Question: Tell me a story about {corpus.a(kind)}.", [kind]),
            (f"Question: Tell me a story about a {colour} {thing}.", [f"{colour} {thing}"])][i % 4]
        text, ended = write(model, tok, prompt, temperature, rng)
        text = text.removeprefix("\nAnswer:") if prompt.startswith("Question") else prompt + text
        found = faults(text) + [f"nothing about {w}" for w in wanted if w not in text] + ([] if ended else ["no end"])
        good += not found
        tokens.append(len(tok.encode(text)))
        if found:
            print(f"  {'; '.join(found)}: {text.strip()}")
    print(f"temperature {temperature}: {good} of {n} stories without a fault, {int(np.median(tokens))} tokens (median)")


def check_answers(model, tok, temperature, rng):
    """Answers that are right, word for word: the closed set, other questions, and exercises."""
    documents = dict(facts=[corpus.asked(corpus.R.choice(asks), answer) for asks, answer in corpus.FACTS],
                     unknown=[corpus.asked(*corpus.unknown()) for _ in range(50)],
                     exercises=[corpus.exercise()[0] for _ in range(200)])
    for name, cases in documents.items():
        right = 0
        for prompt, answer in (d.split("\nAnswer: ") for d in cases):
            text, ended = write(model, tok, prompt, temperature, rng, limit=60)
            if ended and text == f"\nAnswer: {answer}":
                right += 1
            else:
                print(f"  {prompt!r}: {text!r}, not {answer!r}")
        print(f"temperature {temperature}: {right} of {len(cases)} {name} right")


PROMPTS = ["Once upon a time", "One day, a little fox", "Question: What is the opposite of hot?"]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("gguf")
    p.add_argument("--run")
    p.add_argument("--heldout")
    p.add_argument("--prompts", help="a file with one prompt in each line")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--stories", type=int, default=0)
    a = p.parse_args()
    gguf = Gguf(a.gguf)
    corpus.R.seed(a.seed)
    tok, model, rng = Tokenizer(gguf.meta), Model(gguf), np.random.default_rng(a.seed)
    params = sum(t.size for t in gguf.tensors.values())
    print(f"{gguf.meta['general.name']}: {params} parameters, {len(gguf.tensors)} tensors, {len(gguf.data)} bytes")

    prompts = PROMPTS
    if a.prompts:
        prompts = [l.rstrip("\n") for l in open(a.prompts, encoding="utf-8") if l.strip()]
    if a.run:
        import sentencepiece as spm
        import torch
        from train import Llama, heldout_loss, pack
        sp = spm.SentencePieceProcessor(model_file=os.path.join(a.run, "tokenizer.model"))
        texts = prompts + ["Zoé sat in the café — alone.", "x = 42; \u2603 and \U0001F600!", "  two  spaces", "\nQuestion: a\nAnswer:"]
        for t in texts:
            assert tok.encode(t) == sp.encode(t), t
        saved = torch.load(os.path.join(a.run, "checkpoint.pt"))
        trained = Llama(saved["config"])
        trained.load_state_dict(saved["model"])
        worst = same = total = 0
        for t in prompts:
            ids = [tok.bos] + tok.encode(t)
            with torch.no_grad():
                want = trained(torch.tensor([ids]))[0].numpy()
            model.reset()
            for i, token in enumerate(ids):
                got = model.step(token)
                worst = max(worst, float(np.abs(got - want[i]).max()))
                same += int(got.argmax() == want[i].argmax())
                total += 1
        print(f"tokenizers agree on {len(texts)} texts; quantized and trained model: largest difference "
              f"of a logit {worst:.3f}, same best token {same} of {total}")
        if a.heldout:
            rows = pack(sp, a.heldout)
            print(f"held-out loss of the trained model {heldout_loss(trained, rows, 10 ** 6):.4f}")
            state = dict(trained.state_dict())
            names = dict(q="attn_q", k="attn_k", v="attn_v", o="attn_output", gate="ffn_gate", up="ffn_up",
                         down="ffn_down", attn_norm="attn_norm", ffn_norm="ffn_norm")
            for key in state:
                part = key.split(".")
                name = {"embed": "token_embd", "norm": "output_norm"}.get(part[0]) or f"blk.{part[1]}.{names[part[2]]}"
                state[key] = torch.from_numpy(gguf.tensors[name + ".weight"])
            trained.load_state_dict(state)
            print(f"held-out loss of the quantized model {heldout_loss(trained, rows, 10 ** 6):.4f}")
    for temperature in (0, 0.8):
        print(f"\n==== temperature {temperature}")
        for t in prompts:
            text, ended = write(model, tok, t, temperature, rng)
            print(f"--- {t}\n{text}{'' if ended else ' [not ended]'}")
        if a.stories:
            check_stories(model, tok, a.stories, temperature, rng)
            check_answers(model, tok, temperature, rng)


if __name__ == "__main__":
    main()
