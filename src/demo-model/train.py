#!/usr/bin/env python3
"""Trains the demo model: a SentencePiece tokenizer and a small Llama, from scratch, on a CPU.

    python3 train.py --train train.jsonl --heldout heldout.jsonl --run run/ --minutes 70

Everything is kept in the run directory: the tokenizer, the encoded corpus and the last
checkpoint (which also holds the optimizer, so that the same command goes on after a stop).
The learning rate falls with the time that is left and not with a number of steps, so that a
busy machine gives a model that has seen less text but that is finished all the same.
"""
import argparse
import copy
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
CONFIG = dict(vocab=1536, dim=128, layers=6, heads=4, kv_heads=2, head_dim=32, ffn=352,
              context=512, rope_base=10000.0, eps=1e-5)


# ---------------------------------------------------------------- the model

class RMSNorm(nn.Module):
    def __init__(self, dim, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(dim)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rope_tables(c):
    freq = c["rope_base"] ** (-torch.arange(0, c["head_dim"], 2).float() / c["head_dim"])
    angle = torch.outer(torch.arange(c["context"]).float(), freq)
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    """Turns the pairs (2i, 2i+1), as GGUF files of the llama architecture expect it."""
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        d, h, k, e = c["dim"], c["heads"], c["kv_heads"], c["head_dim"]
        self.attn_norm, self.ffn_norm = RMSNorm(d, c["eps"]), RMSNorm(d, c["eps"])
        self.q, self.k, self.v = (nn.Linear(d, n * e, bias=False) for n in (h, k, k))
        self.o = nn.Linear(h * e, d, bias=False)
        self.gate, self.up = nn.Linear(d, c["ffn"], bias=False), nn.Linear(d, c["ffn"], bias=False)
        self.down = nn.Linear(c["ffn"], d, bias=False)

    def forward(self, x, cos, sin, mask):
        c = self.c
        b, t, _ = x.shape
        h, k, e = c["heads"], c["kv_heads"], c["head_dim"]
        y = self.attn_norm(x)
        q = rotate(self.q(y).view(b, t, h, e).transpose(1, 2), cos, sin) * e ** -0.5
        key = rotate(self.k(y).view(b, t, k, e).transpose(1, 2), cos, sin)
        val = self.v(y).view(b, t, k, e).transpose(1, 2)
        # the query heads of one key head are rows of one matrix product: no copies of keys
        q = q.reshape(b, k, (h // k) * t, e)
        score = (q @ key.transpose(-1, -2)).view(b, k, h // k, t, t) + mask
        y = (score.softmax(-1).view(b, k, (h // k) * t, t) @ val).view(b, h, t, e)
        x = x + self.o(y.transpose(1, 2).reshape(b, t, h * e))
        y = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed = nn.Embedding(c["vocab"], c["dim"])
        self.blocks = nn.ModuleList(Block(c) for _ in range(c["layers"]))
        self.norm = RMSNorm(c["dim"], c["eps"])
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02 if not name.endswith(("o.weight", "down.weight"))
                                else 0.02 / math.sqrt(2 * c["layers"]))
        cos, sin = rope_tables(c)
        self.register_buffer("cos", cos, False)
        self.register_buffer("sin", sin, False)

    def forward(self, ids):
        t = ids.shape[1]
        mask = torch.full((t, t), float("-inf")).triu(1)
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, self.cos[:t], self.sin[:t], mask)
        return self.norm(x) @ self.embed.weight.t()     # the embeddings are also the output


# ---------------------------------------------------------------- text to tokens

def train_tokenizer(path, run, vocab):
    """BPE with byte fallback.  For the trainer a line ends a sentence and every sentence begins
    with a space; to show it words at the beginning of a line as the model will see them, the
    line ends become a quotation mark here.  In real text they are the byte token <0x0A>."""
    text = os.path.join(run, "tokenizer.txt")
    with open(path, encoding="utf-8") as f, open(text, "w", encoding="utf-8") as out:
        for i, line in enumerate(f):
            if i == 20000:
                break
            out.write("\n".join(t.replace("\n", '"') for t in json.loads(line)) + "\n")
    spm.SentencePieceTrainer.train(
        input=text, model_prefix=os.path.join(run, "tokenizer"), model_type="bpe", vocab_size=vocab,
        byte_fallback=True, character_coverage=0.9999, split_digits=True, add_dummy_prefix=True,
        remove_extra_whitespaces=False, normalization_rule_name="identity", max_sentence_length=100000,
        allow_whitespace_only_pieces=False, unk_id=0, bos_id=BOS, eos_id=EOS, pad_id=-1,
        num_threads=1, minloglevel=1)
    os.remove(text)


def encode(sp, path):
    """One long row of tokens: <s> first turn </s> newline, second turn </s> ... <s> next ..."""
    ids = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            ids.append(BOS)
            for i, turn in enumerate(json.loads(line)):
                ids += sp.encode(("\n" if i else "") + turn) + [EOS]
    return np.array(ids, dtype=np.uint16)


def prepare(a, c):
    model = os.path.join(a.run, "tokenizer.model")
    if not os.path.exists(model):
        train_tokenizer(a.train, a.run, c["vocab"])
    sp = spm.SentencePieceProcessor(model_file=model)
    rows = []
    for path in (a.train, a.heldout):
        cache = os.path.join(a.run, os.path.basename(path) + ".npy")
        if not os.path.exists(cache):
            np.save(cache, encode(sp, path))
        rows.append(np.load(cache))
    return sp, rows[0], rows[1]


# ---------------------------------------------------------------- training

def loss_of(model, ids):
    logits = model(ids[:, :-1])
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1))


@torch.no_grad()
def heldout_loss(model, data, context=512, rows=16):
    model.eval()
    n = min(rows, (len(data) - 1) // context)
    ids = torch.from_numpy(np.stack([data[i * context:i * context + context + 1] for i in range(n)]).astype(np.int64))
    loss = sum(loss_of(model, part).item() * len(part) for part in ids.split(8)) / n
    model.train()
    return loss


@torch.no_grad()
def sample(model, sp, prompt, limit=200, temperature=0.0):
    model.eval()
    ids = [BOS] + sp.encode(prompt)
    start = len(ids)
    while len(ids) < start + limit and len(ids) < model.c["context"]:
        logits = model(torch.tensor([ids]))[0, -1]
        t = int(logits.argmax() if temperature == 0 else torch.multinomial((logits / temperature).softmax(-1), 1))
        if t == EOS:
            break
        ids.append(t)
    model.train()
    return sp.decode(ids)


PROMPTS = ["In the beginning the Universe was created.", "Once upon a time", "One day, a little fox",
           "Question: Tell me a story about a cat named Molly.\nAnswer:", "Question: What colour is the sky?\nAnswer:",
           "Question: What is 7 plus 5?\nAnswer:"]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--train", required=True)
    p.add_argument("--heldout", required=True)
    p.add_argument("--run", required=True)
    p.add_argument("--minutes", type=float, default=70, help="of training, over all starts")
    p.add_argument("--tokens-per-step", type=int, default=1024)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--bench", action="store_true", help="time a few steps and stop")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    os.makedirs(a.run, exist_ok=True)
    c = CONFIG
    sp, train, heldout = prepare(a, c)
    model = Llama(c)
    params = sum(p.numel() for p in model.parameters())
    groups = [dict(params=[p for p in model.parameters() if p.dim() == 2], weight_decay=0.05),
              dict(params=[p for p in model.parameters() if p.dim() == 1], weight_decay=0.0)]
    opt = torch.optim.AdamW(groups, lr=a.lr, betas=(0.9, 0.99))
    mean = copy.deepcopy(model)         # a running mean of the weights: a better model at any time
    s = dict(step=0, tokens=0, seconds=0.0)
    path = os.path.join(a.run, "checkpoint.pt")
    if os.path.exists(path):
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        mean.load_state_dict(saved["mean"])
        opt.load_state_dict(saved["optimizer"])
        s = saved["state"]
    print(f"{params} parameters, {len(train)} tokens to train on, {len(heldout)} held out, from {s}", flush=True)
    rng = np.random.default_rng(a.seed + s["step"])

    def save():
        torch.save(dict(model=model.state_dict(), mean=mean.state_dict(), optimizer=opt.state_dict(), state=s, config=c), path + ".new")
        os.replace(path + ".new", path)

    warmup, total, saved_at, avg = 200, a.minutes * 60, s["seconds"], None
    last = time.time()
    while s["seconds"] < total or a.bench:
        done = min(1.0, s["seconds"] / total)
        # Attention over short rows costs less, but every position has to be seen from the start:
        # a mixture of lengths, with more of the long ones towards the end.
        context = int(rng.choice([c["context"] // 4, c["context"] // 2, c["context"]],
                                 p=[0.6, 0.25, 0.15] if done < 0.7 else [0.2, 0.4, 0.4]))
        batch = a.tokens_per_step // context
        at = rng.integers(0, len(train) - context - 1, batch)
        ids = torch.from_numpy(np.stack([train[i:i + context + 1] for i in at]).astype(np.int64))
        lr = a.lr * min(1.0, (s["step"] + 1) / warmup) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for g in opt.param_groups:
            g["lr"] = lr
        loss = loss_of(model, ids)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        keep = min(0.998, s["step"] / (s["step"] + 10))
        with torch.no_grad():
            for m, w in zip(mean.parameters(), model.parameters()):
                m.lerp_(w, 1 - keep)
        now = time.time()
        s["seconds"] += now - last
        last = now
        s["step"] += 1
        s["tokens"] += batch * context
        avg = loss.item() if avg is None else 0.95 * avg + 0.05 * loss.item()
        if s["step"] % 50 == 0:
            print(f"step {s['step']} tokens {s['tokens']/1e6:.2f}M loss {avg:.4f} lr {lr:.2e} "
                  f"{s['tokens']/s['seconds']:.0f} tokens/s {s['seconds']/60:.1f} min", flush=True)
        if a.bench and s["step"] >= 10:
            print(f"{s['tokens']/s['seconds']:.0f} tokens/s")
            return
        if s["seconds"] - saved_at > 240:
            saved_at = s["seconds"]
            save()
            print(f"held-out loss {heldout_loss(mean, heldout):.4f}")
            print("  > " + sample(mean, sp, PROMPTS[s["step"] % len(PROMPTS)]), flush=True)
            last = time.time()
    save()
    print(f"final: {s}, held-out loss {heldout_loss(mean, heldout, rows=400):.4f}")


if __name__ == "__main__":
    main()
