#!/usr/bin/env python3
"""Trains the demo model: a SentencePiece tokenizer and a small Llama, from scratch, on a CPU.

    python3 train.py --train train.jsonl --heldout heldout.jsonl --run run/ --minutes 30

Everything is kept in the run directory: the tokenizer, the packed corpus and the last checkpoint
(which also holds the optimizers, so that the same command goes on after a stop).  The documents
are read in the order of their file, once, and again from the beginning when they are used up.
"""
import argparse
import json
import math
import os
import time

import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F

BOS, EOS = 1, 2
ROW = 192               # tokens of a row of training text, and so the longest document
CONFIG = dict(vocab=1536, dim=128, layers=4, heads=4, head_dim=32, ffn=384,
              context=512, rope_base=10000.0, eps=1e-5)


# ---------------------------------------------------------------- the model

class RMSNorm(nn.Module):
    def __init__(self, dim, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(dim)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rope_turns(c):
    """A complex number of length 1 for every position and pair of a head."""
    freq = c["rope_base"] ** (-torch.arange(0, c["head_dim"], 2).float() / c["head_dim"])
    angle = torch.outer(torch.arange(c["context"]).float(), freq)
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x, turns):
    """Turns the pairs (2i, 2i+1), as GGUF files of the llama architecture expect it."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        d, n = c["dim"], c["heads"] * c["head_dim"]
        self.attn_norm, self.ffn_norm = RMSNorm(d, c["eps"]), RMSNorm(d, c["eps"])
        self.q, self.k, self.v = (nn.Linear(d, n, bias=False) for _ in range(3))
        self.o = nn.Linear(n, d, bias=False)
        self.gate, self.up = nn.Linear(d, c["ffn"], bias=False), nn.Linear(d, c["ffn"], bias=False)
        self.down = nn.Linear(c["ffn"], d, bias=False)

    def forward(self, x, turns, mask):
        c = self.c
        b, t, _ = x.shape
        y = self.attn_norm(x)
        q, k, v = (f(y).view(b, t, -1, c["head_dim"]).transpose(1, 2) for f in (self.q, self.k, self.v))
        q, k = rotate(q.contiguous() * c["head_dim"] ** -0.5, turns), rotate(k.contiguous(), turns)
        y = ((q @ k.transpose(-1, -2)) + mask).softmax(-1) @ v
        x = x + self.o(y.transpose(1, 2).reshape(b, t, -1))
        y = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed = nn.Embedding(c["vocab"], c["dim"])
        self.blocks = nn.ModuleList(Block(c) for _ in range(c["layers"]))
        self.norm = RMSNorm(c["dim"], c["eps"])
        nn.init.normal_(self.embed.weight, std=0.05)
        for name, p in self.blocks.named_parameters():
            if p.dim() == 2:
                nn.init.zeros_(p) if name.endswith(("o.weight", "down.weight")) else \
                    nn.init.normal_(p, std=0.5 / math.sqrt(p.shape[1]))
        self.register_buffer("turns", rope_turns(c), False)

    def forward(self, ids, mask=None):
        """Logits of ids [rows, tokens]; the mask is added to the attention scores."""
        t = ids.shape[1]
        if mask is None:
            mask = torch.full((t, t), float("-inf")).triu(1)
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, self.turns[:t], mask)
        return self.norm(x) @ self.embed.weight.t()     # the embeddings are also the output


# ---------------------------------------------------------------- text to tokens

def train_tokenizer(path, run, vocab):
    """BPE with byte fallback.  For the trainer a line ends a sentence and every sentence begins
    with a space; to show it words at the beginning of a line as the model will see them, the
    line ends become a quotation mark here.  In real text they are the byte token <0x0A>."""
    text = os.path.join(run, "tokenizer.txt")
    with open(path, encoding="utf-8") as f, open(text, "w", encoding="utf-8") as out:
        for _, line in zip(range(40000), f):
            out.write("\n".join(t.replace("\n", '"') for t in json.loads(line)) + "\n")
    spm.SentencePieceTrainer.train(
        input=text, model_prefix=os.path.join(run, "tokenizer"), model_type="bpe", vocab_size=vocab,
        byte_fallback=True, character_coverage=1.0, split_digits=True, add_dummy_prefix=True,
        remove_extra_whitespaces=False, normalization_rule_name="identity", max_sentence_length=100000,
        allow_whitespace_only_pieces=False, unk_id=0, bos_id=BOS, eos_id=EOS, pad_id=-1,
        num_threads=1, minloglevel=1)
    os.remove(text)


def encode(sp, turns):
    """<s> first turn </s> newline, second turn </s> ..."""
    ids = [BOS]
    for i, turn in enumerate(turns):
        ids += sp.encode(("\n" if i else "") + turn) + [EOS]
    return ids


def pack(sp, path):
    """Documents side by side in rows of ROW + 1 tokens, whole: [rows, ROW + 1] of tokens and of
    the number of the document in its row.  Number 0 is the empty rest of a row."""
    ids, docs, open_rows = [], [], []
    with open(path, encoding="utf-8") as f:
        for line in f:
            doc = encode(sp, json.loads(line))
            assert len(doc) <= ROW + 1, f"{len(doc)} tokens: {line}"
            row = next((r for r in open_rows if len(ids[r]) + len(doc) <= ROW + 1), None)
            if row is None:
                row = len(ids)
                ids.append([])
                docs.append([])
                open_rows = open_rows[-7:] + [row]
            docs[row] += [docs[row][-1] + 1 if docs[row] else 1] * len(doc)
            ids[row] += doc
    return np.array([[r + [0] * (ROW + 1 - len(r)) for r in x] for x in (ids, docs)], dtype=np.int16)


def prepare(a, c):
    model = os.path.join(a.run, "tokenizer.model")
    if not os.path.exists(model):
        train_tokenizer(a.train, a.run, c["vocab"])
    sp = spm.SentencePieceProcessor(model_file=model)
    rows = []
    for path in (a.train, a.heldout):
        cache = os.path.join(a.run, os.path.basename(path) + ".npy")
        if not os.path.exists(cache):
            np.save(cache, pack(sp, path))
        rows.append(np.load(cache))
    return sp, rows[0], rows[1]


# ---------------------------------------------------------------- training

class Muon:
    """Momentum whose step is made orthogonal (Keller Jordan et al., 2024): for weight matrices
    between hidden layers, where all directions should learn equally fast."""

    def __init__(self, params):
        self.params = list(params)
        self.momentum = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self, lr, decay, beta=0.95):
        for p, m in zip(self.params, self.momentum):
            m.lerp_(p.grad, 1 - beta)
            update = orthogonal(p.grad.lerp(m, beta))
            p.mul_(1 - lr * decay).add_(update, alpha=-lr * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def orthogonal(g, steps=5):
    """The orthogonal matrix next to g, nearly: an iteration of Newton and Schulz whose factors
    bring small singular values near 1 fast."""
    x = g.t() if g.shape[0] > g.shape[1] else g
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        s = x @ x.t()
        x = torch.addmm(x, torch.addmm(s, s, s, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.t() if g.shape[0] > g.shape[1] else x


def loss_of(model, rows):
    """Mean loss of rows [2, n, ROW + 1], where no document sees another."""
    ids, docs = torch.from_numpy(rows.astype(np.int64))
    seen = (docs[:, :-1, None] == docs[:, None, :-1]).tril()[:, None]
    logits = model(ids[:, :-1], torch.zeros(seen.shape).masked_fill_(~seen, float("-inf")))
    target = torch.where((docs[:, 1:] == docs[:, :-1]) & (docs[:, 1:] > 0), ids[:, 1:], -100)
    return F.cross_entropy(logits.flatten(0, 1), target.flatten())


@torch.no_grad()
def heldout_loss(model, rows, limit):
    parts = range(0, min(limit, rows.shape[1]), 16)
    return sum(loss_of(model, rows[:, i:i + 16]).item() for i in parts) / len(parts)


@torch.no_grad()
def sample(model, sp, prompt, limit=180, temperature=0.0):
    ids = [BOS] + sp.encode(prompt)
    start = len(ids)
    while len(ids) < start + limit:
        logits = model(torch.tensor([ids]))[0, -1]
        t = int(logits.argmax() if temperature == 0 else torch.multinomial((logits / temperature).softmax(-1), 1))
        if t == EOS:
            break
        ids.append(t)
    return sp.decode(ids)


PROMPTS = ["Once upon a time", "One day, a little fox", "Question: Tell me a story about a cat and a red ball.",
           "Question: What is 3 plus 5?"]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--train", required=True)
    p.add_argument("--heldout", required=True)
    p.add_argument("--run", required=True)
    p.add_argument("--minutes", type=float, required=True, help="of training, over all starts")
    p.add_argument("--rows-per-step", type=int, default=8, help=f"of {ROW} tokens")
    p.add_argument("--lr", type=float, default=0.02, help="of the hidden matrices")
    p.add_argument("--embedding-lr", type=float, default=0.004, help="of embeddings and norms")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    os.makedirs(a.run, exist_ok=True)
    c = CONFIG
    sp, train, heldout = prepare(a, c)
    model = Llama(c)
    hidden = [p for p in model.blocks.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if all(p is not h for h in hidden)]
    muon, adam = Muon(hidden), torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0.0)
    s = dict(step=0, tokens=0, seconds=0.0)
    path = os.path.join(a.run, "checkpoint.pt")
    if os.path.exists(path):
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        adam.load_state_dict(saved["adam"])
        muon.momentum = saved["momentum"]
        s = saved["state"]
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {train.shape[1]} rows with "
          f"{(train[1] > 0).sum()} tokens to train on, from {s}", flush=True)

    warmup, mean = 100, None
    last = time.time()
    while s["seconds"] < a.minutes * 60:
        batch = train[:, (s["step"] * a.rows_per_step + np.arange(a.rows_per_step)) % train.shape[1]]
        # falls with the time that is left: a busy machine gives a model that is finished all the same
        rate = min(1.0, (s["step"] + 1) / warmup) * (1 - s["seconds"] / (a.minutes * 60))
        loss = loss_of(model, batch)
        model.zero_grad(set_to_none=True)
        loss.backward()
        for g in adam.param_groups:
            g["lr"] = a.embedding_lr * rate
        adam.step()
        muon.step(a.lr * rate, decay=0.1)
        now = time.time()
        s["step"] += 1
        s["tokens"] += int((batch[1] > 0).sum())
        s["seconds"] += now - last
        last = now
        mean = loss.item() if mean is None else mean + 0.02 * (loss.item() - mean)
        if s["step"] % 50 == 0:
            print(f"step {s['step']} tokens {s['tokens'] / 1e6:.2f}M loss {mean:.4f} "
                  f"{s['tokens'] / s['seconds']:.0f} tokens/s {s['seconds'] / 60:.1f} min", flush=True)
        if s["step"] % 250 == 0 or s["seconds"] >= a.minutes * 60:
            print(f"held-out loss {heldout_loss(model, heldout, 64):.4f}", flush=True)
            for prompt in PROMPTS:
                print("  > " + sample(model, sp, prompt), flush=True)
            torch.save(dict(model=model.state_dict(), adam=adam.state_dict(), momentum=muon.momentum, state=s, config=c),
                       path + ".new")
            os.replace(path + ".new", path)


if __name__ == "__main__":
    main()
