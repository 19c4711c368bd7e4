package io.millrace.engine;

import io.millrace.tensor.Backend;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** Another backend whose device can be made to fail, or to hang. */
final class FailingBackend {
  private final Backend backend;
  private final AtomicBoolean failing = new AtomicBoolean();
  private final AtomicReference<CountDownLatch> holding = new AtomicReference<>();
  private final CountDownLatch held = new CountDownLatch(1);

  FailingBackend(Backend backend) {
    this.backend = backend;
  }

  /** The next {@link Backend#commit} throws. */
  void failNextCommit() {
    failing.set(true);
  }

  /** The next {@link Backend#commit} waits until this is counted down. */
  CountDownLatch holdNextCommit() {
    CountDownLatch latch = new CountDownLatch(1);
    holding.set(latch);
    return latch;
  }

  /** Waits until a commit waits. */
  void awaitHeldCommit() throws InterruptedException {
    if (!held.await(20, TimeUnit.SECONDS)) {
      throw new AssertionError("no commit came in time");
    }
  }

  Backend proxy() {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          if (method.getName().equals("commit") && failing.compareAndSet(true, false)) {
            throw new IllegalStateException("device lost");
          }
          CountDownLatch latch = method.getName().equals("commit") ? holding.getAndSet(null) : null;
          if (latch != null) {
            held.countDown();
            latch.await();
          }
          try {
            return method.invoke(backend, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
  }
}
