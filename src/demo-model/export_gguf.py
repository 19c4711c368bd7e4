#!/usr/bin/env python3
"""Writes the trained model as a GGUF file: matrices as Q8_0, norms as F32, and the tokenizer.

    python3 export_gguf.py --run run/ --out ../main/resources/demo-model/tales.gguf
"""
import argparse
import os
import struct

import numpy as np
import sentencepiece as spm
import torch

ALIGNMENT = 32
U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5          # types of metadata values
TENSOR_F32, TENSOR_Q8_0 = 0, 8
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6                    # kinds of tokens

# The conversations of the corpus: an answer is closed by the end-of-text token, and the next
# question stands on a new line.  A system message is a line of its own before the questions.
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] + '\\n' }}"
    "{% elif message['role'] == 'user' %}{{ 'Question: ' + message['content'] + '\\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'Answer: ' + message['content'] + eos_token + '\\n' }}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Answer:' }}{% endif %}")


def string(s):
    b = s.encode("utf-8")
    return struct.pack("<Q", len(b)) + b


PACK = {U32: lambda v: struct.pack("<I", v), I32: lambda v: struct.pack("<i", v),
        F32: lambda v: struct.pack("<f", v), BOOL: lambda v: struct.pack("<?", v), STRING: string}


def entry(key, kind, value, of=None):
    head = string(key) + struct.pack("<I", kind)
    if kind == ARRAY:
        return head + struct.pack("<IQ", of, len(value)) + b"".join(PACK[of](v) for v in value)
    return head + PACK[kind](value)


def q8_0(x):
    """Blocks of 32 numbers: the scale as a 16-bit float, then 32 signed bytes."""
    x = x.astype(np.float32).reshape(-1, 32)
    d = np.abs(x).max(1, keepdims=True) / np.float32(127)
    inverse = np.divide(np.float32(1), d, out=np.zeros_like(d), where=d > 0)
    y = x * inverse
    q = np.trunc(y + np.copysign(np.float32(0.5), y)).astype(np.int8)      # halves away from zero
    return np.concatenate([d.astype("<f2").view(np.uint8), q.view(np.uint8)], 1).tobytes()


def tensors(state, c):
    """Names of the GGUF convention.  RoPE was trained on pairs, so nothing is permuted."""
    yield "token_embd.weight", state["embed.weight"]            # also the output matrix
    for i in range(c["layers"]):
        for ours, theirs in (("attn_norm", "attn_norm"), ("q", "attn_q"), ("k", "attn_k"), ("v", "attn_v"),
                             ("o", "attn_output"), ("ffn_norm", "ffn_norm"), ("gate", "ffn_gate"),
                             ("up", "ffn_up"), ("down", "ffn_down")):
            yield f"blk.{i}.{theirs}.weight", state[f"blocks.{i}.{ours}.weight"]
    yield "output_norm.weight", state["norm.weight"]


def vocabulary(sp):
    tokens, scores, kinds = [], [], []
    for i in range(sp.get_piece_size()):
        tokens.append(sp.id_to_piece(i))
        scores.append(sp.get_score(i))
        kinds.append(UNKNOWN if sp.is_unknown(i) else CONTROL if sp.is_control(i) else BYTE if sp.is_byte(i) else NORMAL)
    return tokens, scores, kinds


def metadata(c, sp):
    tokens, scores, kinds = vocabulary(sp)
    return [
        entry("general.architecture", STRING, "llama"),
        entry("general.type", STRING, "model"),
        entry("general.name", STRING, "Millrace Tales"),
        entry("general.description", STRING, "A toy model that tells little stories, trained from scratch on generated text"),
        entry("general.license", STRING, "apache-2.0"),
        entry("general.languages", ARRAY, ["en"], STRING),
        entry("general.alignment", U32, ALIGNMENT),
        entry("general.file_type", U32, 7),                     # mostly Q8_0
        entry("general.quantization_version", U32, 2),
        entry("llama.vocab_size", U32, c["vocab"]),
        entry("llama.context_length", U32, c["context"]),
        entry("llama.embedding_length", U32, c["dim"]),
        entry("llama.block_count", U32, c["layers"]),
        entry("llama.feed_forward_length", U32, c["ffn"]),
        entry("llama.attention.head_count", U32, c["heads"]),
        entry("llama.attention.head_count_kv", U32, c["heads"]),
        entry("llama.attention.key_length", U32, c["head_dim"]),
        entry("llama.attention.value_length", U32, c["head_dim"]),
        entry("llama.attention.layer_norm_rms_epsilon", F32, c["eps"]),
        entry("llama.rope.dimension_count", U32, c["head_dim"]),
        entry("llama.rope.freq_base", F32, c["rope_base"]),
        entry("tokenizer.ggml.model", STRING, "llama"),
        entry("tokenizer.ggml.pre", STRING, "default"),
        entry("tokenizer.ggml.tokens", ARRAY, tokens, STRING),
        entry("tokenizer.ggml.scores", ARRAY, scores, F32),
        entry("tokenizer.ggml.token_type", ARRAY, kinds, I32),
        entry("tokenizer.ggml.bos_token_id", U32, sp.bos_id()),
        entry("tokenizer.ggml.eos_token_id", U32, sp.eos_id()),
        entry("tokenizer.ggml.unknown_token_id", U32, sp.unk_id()),
        entry("tokenizer.ggml.add_bos_token", BOOL, True),
        entry("tokenizer.ggml.add_eos_token", BOOL, False),
        entry("tokenizer.ggml.add_space_prefix", BOOL, True),
        entry("tokenizer.chat_template", STRING, CHAT_TEMPLATE),
    ]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--run", required=True)
    p.add_argument("--out", required=True)
    a = p.parse_args()
    saved = torch.load(os.path.join(a.run, "checkpoint.pt"))
    c = saved["config"]
    sp = spm.SentencePieceProcessor(model_file=os.path.join(a.run, "tokenizer.model"))
    assert sp.get_piece_size() == c["vocab"]

    infos, blobs, offset = [], [], 0
    for name, t in tensors(saved["model"], c):
        x = t.numpy()
        kind = TENSOR_Q8_0 if x.ndim == 2 else TENSOR_F32
        data = q8_0(x) if kind == TENSOR_Q8_0 else x.astype("<f4").tobytes()
        shape = x.shape[::-1]                                   # GGUF names the row length first
        infos.append(string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset))
        data += bytes(-len(data) % ALIGNMENT)
        blobs.append(data)
        offset += len(data)
    meta = metadata(c, sp)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(meta)) + b"".join(meta) + b"".join(infos)
    os.makedirs(os.path.dirname(a.out) or ".", exist_ok=True)
    with open(a.out, "wb") as f:
        f.write(head + bytes(-len(head) % ALIGNMENT) + b"".join(blobs))
    print(f"{a.out}: {os.path.getsize(a.out)} bytes, {len(infos)} tensors, trained {saved['state']}")


if __name__ == "__main__":
    main()
