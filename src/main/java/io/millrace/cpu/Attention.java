package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.LE;
import static io.millrace.tensor.KvCache.PAGE_TOKENS;
import static jdk.incubator.vector.VectorOperators.MAX;

import io.millrace.tensor.Batch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Attention over pages. Each query head of each token is a task of its own and goes over its keys
 * in the order of their positions, page by page from the first that it sees: no result depends on
 * what else is in the batch.
 */
final class Attention {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LE);

  private final ThreadTeam team;

  /** For each worker, the scores of one head over its context. */
  private final float[][] scores;

  /** For each worker, the lanes of a vector to be added up in order. */
  private final float[][] lanes;

  Attention(ThreadTeam team) {
    this.team = team;
    this.scores = new float[team.size()][0];
    this.lanes = new float[team.size()][Lanes.COUNT];
  }

  /** Writes keys and values of a batch to its pages. */
  void store(CpuKvCache cache, int layer, CpuActivation keys, CpuActivation values, Batch batch) {
    team.run(
        batch.size(),
        (token, worker) -> {
          int headDim = cache.shape().headDim();
          int position = batch.positions()[token];
          int page = batch.pages()[batch.sequences()[token]][position / PAGE_TOKENS];
          int slot = position % PAGE_TOKENS;
          for (int head = 0; head < cache.shape().kvHeads(); head++) {
            int from = keys.at(token) + head * headDim;
            long to = cache.keys(page, layer, head) + (long) slot * Float.BYTES;
            for (int i = 0; i < headDim; i++) {
              cache
                  .memory()
                  .set(FLOAT, to + (long) i * PAGE_TOKENS * Float.BYTES, keys.data()[from + i]);
            }
            MemorySegment.copy(
                values.data(),
                values.at(token) + head * headDim,
                cache.memory(),
                FLOAT,
                cache.values(page, layer, head)
                    + (long) slot * CpuKvCache.valueStride(headDim) * Float.BYTES,
                headDim);
          }
        });
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
    team.run(
        batch.size() * heads,
        (task, worker) -> {
          int token = task / heads;
          int head = task % heads;
          int[] pages = batch.pages()[batch.sequences()[token]];
          int position = batch.positions()[token];
          int first = window == 0 ? 0 : Math.max(0, position - window + 1);
          int firstPage = first / PAGE_TOKENS;
          int lastPage = position / PAGE_TOKENS;
          int span = (lastPage - firstPage + 1) * PAGE_TOKENS;
          if (scores[worker].length < span) {
            scores[worker] = new float[Math.max(span, 2 * scores[worker].length)];
          }
          float[] s = scores[worker];
          int query = queries.at(token) + head * headDim;
          for (int p = firstPage; p <= lastPage; p++) {
            long keys = cache.keys(pages[p], layer, head / group);
            score(
                cache.memory(),
                keys,
                headDim,
                scale,
                queries.data(),
                query,
                s,
                (p - firstPage) * PAGE_TOKENS);
          }
          int origin = firstPage * PAGE_TOKENS;
          Arrays.fill(s, 0, first - origin, Float.NEGATIVE_INFINITY);
          Arrays.fill(s, position + 1 - origin, span, Float.NEGATIVE_INFINITY);
          float sum = softmax(s, span, lanes[worker]);
          int to = out.at(token) + head * headDim;
          for (int d = 0; d < headDim; d += Lanes.COUNT) {
            FloatVector mixed = FloatVector.zero(F);
            for (int p = firstPage; p <= lastPage; p++) {
              long values = cache.values(pages[p], layer, head / group) + (long) d * Float.BYTES;
              int from = Math.max(first, p * PAGE_TOKENS);
              int end = Math.min(position + 1, (p + 1) * PAGE_TOKENS);
              int stride = CpuKvCache.valueStride(headDim) * Float.BYTES;
              for (int i = from; i < end; i++) {
                FloatVector value =
                    FloatVector.fromMemorySegment(
                        F, cache.memory(), values + (long) (i % PAGE_TOKENS) * stride, LE);
                mixed = value.fma(FloatVector.broadcast(F, s[i - origin]), mixed);
              }
            }
            VectorMask<Float> inHead = F.indexInRange(d, headDim);
            mixed.div(sum).intoArray(out.data(), to + d, inHead);
          }
        });
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
