package io.millrace.engine;

import io.millrace.tensor.Backend;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/** Another backend whose device can be made to fail. */
final class FailingBackend {
  private final Backend backend;
  private final AtomicBoolean failing = new AtomicBoolean();

  FailingBackend(Backend backend) {
    this.backend = backend;
  }

  /** The next {@link Backend#commit} throws. */
  void failNextCommit() {
    failing.set(true);
  }

  Backend proxy() {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          if (method.getName().equals("commit") && failing.compareAndSet(true, false)) {
            throw new IllegalStateException("device lost");
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
