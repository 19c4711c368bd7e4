package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.LE;
import static io.millrace.tensor.KvCache.PAGE_TOKENS;
import static jdk.incubator.vector.VectorOperators.MAX;

import io.millrace.tensor.Batch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Attention over pages. Each query head of each token is a task of its own and goes over its keys
 * in the order of their positions, page by page from the first that it sees: no result depends on
 * what else is in the batch.
 */
final class Attention {
  private final ThreadTeam team;

  private final Scratch[] scratches;

  /** What one worker needs. */
  private static final class Scratch {
    /** Scores of one head over its context. */
    private float[] scores = {};

    /** The lanes of a vector, to be added up in order. */
    private final float[] lanes = new float[Lanes.COUNT];

    /** What one head comes to. */
    private float[] mixed = {};

    /** The keys or values of one head in a page, where the cache has to expand them. */
    private MemorySegment page = MemorySegment.NULL;

    void reserve(int span, int headDim) {
      int stride = CpuKvCache.valueStride(headDim);
      if (scores.length < span) {
        scores = new float[Math.max(span, 2 * scores.length)];
      }
      if (mixed.length < stride) {
        mixed = new float[stride];
        page = Arena.ofAuto().allocate((long) PAGE_TOKENS * stride * Float.BYTES, Long.BYTES);
      }
    }
  }

  Attention(ThreadTeam team) {
    this.team = team;
    this.scratches = Stream.generate(Scratch::new).limit(team.size()).toArray(Scratch[]::new);
  }

  /** {@code out = softmax(scale · q · kᵀ) · v} for every head of every token. */
  void run(
      CpuActivation queries,
      CpuKvCache cache,
      int layer,
      float scale,
      int window,
      Batch batch,
      CpuActivation out) {
    int headDim = cache.shape().headDim();
    int heads = queries.cols() / headDim;
    int group = heads / cache.shape().kvHeads();
    int stride = CpuKvCache.valueStride(headDim);
    team.run(
        batch.size() * heads,
        (task, worker) -> {
          int token = task / heads;
          int head = task % heads;
          int kvHead = head / group;
          int[] pages = batch.pages()[batch.sequences()[token]];
          int position = batch.positions()[token];
          int first = window == 0 ? 0 : Math.max(0, position - window + 1);
          int firstPage = first / PAGE_TOKENS;
          int lastPage = position / PAGE_TOKENS;
          int origin = firstPage * PAGE_TOKENS;
          int span = (lastPage - firstPage + 1) * PAGE_TOKENS;
          Scratch scratch = scratches[worker];
          scratch.reserve(span, headDim);
          MemorySegment memory = cache.readable(scratch.page);
          float[] s = scratch.scores;
          int query = queries.at(token) + head * headDim;
          for (int p = firstPage; p <= lastPage; p++) {
            long keys = cache.keys(cache.block(pages[p], layer, kvHead), scratch.page);
            score(memory, keys, headDim, scale, queries.data(), query, s, p * PAGE_TOKENS - origin);
          }
          Arrays.fill(s, 0, first - origin, Float.NEGATIVE_INFINITY);
          Arrays.fill(s, position + 1 - origin, span, Float.NEGATIVE_INFINITY);
          float sum = softmax(s, span, scratch.lanes);
          float[] mixed = scratch.mixed;
          Arrays.fill(mixed, 0, stride, 0);
          for (int p = firstPage; p <= lastPage; p++) {
            long values = cache.values(cache.block(pages[p], layer, kvHead), scratch.page);
            int from = Math.max(first, p * PAGE_TOKENS);
            int end = Math.min(position + 1, (p + 1) * PAGE_TOKENS);
            mix(
                memory,
                values + (long) (from % PAGE_TOKENS) * stride * Float.BYTES,
                stride,
                s,
                from - origin,
                end - from,
                mixed);
          }
          int to = out.at(token) + head * headDim;
          for (int d = 0; d < headDim; d += Lanes.COUNT) {
            VectorMask<Float> inHead = F.indexInRange(d, headDim);
            FloatVector.fromArray(F, mixed, d).div(sum).intoArray(out.data(), to + d, inHead);
          }
        });
  }

  /** {@code mixed += s[at..at + count] · v}, in order of the positions. */
  private static void mix(
      MemorySegment memory, long values, int stride, float[] s, int at, int count, float[] mixed) {
    for (int d = 0; d < stride; d += Lanes.COUNT) {
      FloatVector sum = FloatVector.fromArray(F, mixed, d);
      long from = values + (long) d * Float.BYTES;
      for (int i = 0; i < count; i++) {
        FloatVector value =
            FloatVector.fromMemorySegment(F, memory, from + (long) i * stride * Float.BYTES, LE);
        sum = value.fma(FloatVector.broadcast(F, s[at + i]), sum);
      }
      sum.intoArray(mixed, d);
    }
  }

  /** {@code s[at..] = scale · (q · k)} for the positions of a page. */
  private static void score(
      MemorySegment memory,
      long keys,
      int headDim,
      float scale,
      float[] q,
      int query,
      float[] s,
      int at) {
    for (int lane = 0; lane < PAGE_TOKENS; lane += 2 * Lanes.COUNT) {
      FloatVector a = FloatVector.zero(F);
      FloatVector b = a;
      long from = keys + (long) lane * Float.BYTES;
      for (int i = 0; i < headDim; i++) {
        FloatVector qi = FloatVector.broadcast(F, q[query + i]);
        long row = from + (long) i * PAGE_TOKENS * Float.BYTES;
        a = FloatVector.fromMemorySegment(F, memory, row, LE).fma(qi, a);
        b = FloatVector.fromMemorySegment(F, memory, row + F.vectorByteSize(), LE).fma(qi, b);
      }
      a.mul(scale).intoArray(s, at + lane);
      b.mul(scale).intoArray(s, at + lane + Lanes.COUNT);
    }
  }

  /** Turns scores into weights, in place, and returns their sum. */
  private static float softmax(float[] s, int span, float[] lanes) {
    FloatVector highest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < span; i += Lanes.COUNT) {
      highest = highest.max(FloatVector.fromArray(F, s, i));
    }
    float max = highest.reduceLanes(MAX);
    Exponential.exp(s, 0, max, 1, s, 0, span);
    FloatVector sums = FloatVector.zero(F);
    for (int i = 0; i < span; i += Lanes.COUNT) {
      sums = sums.add(FloatVector.fromArray(F, s, i));
    }
    sums.intoArray(lanes, 0);
    return Lanes.sum(lanes);
  }
}
