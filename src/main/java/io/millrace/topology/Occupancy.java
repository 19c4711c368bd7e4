package io.millrace.topology;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** How full the waiting stores of all tasks of a router are, for its gates. Thread-safe. */
final class Occupancy {
  private final AtomicInteger prompts = new AtomicInteger();
  private final AtomicInteger urgentPrompts = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  /** Waiting prompts from one of the two inputs. */
  int prompts(boolean urgent) {
    return counter(urgent).get();
  }

  /** Bytes of all waiting prompts. */
  long bytes() {
    return bytes.get();
  }

  void add(boolean urgent, int size) {
    counter(urgent).incrementAndGet();
    bytes.addAndGet(size);
  }

  void remove(boolean urgent, int size) {
    counter(urgent).decrementAndGet();
    bytes.addAndGet(-size);
  }

  private AtomicInteger counter(boolean urgent) {
    return urgent ? urgentPrompts : prompts;
  }
}
