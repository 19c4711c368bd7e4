package io.millrace.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** TCP ports of the loopback address. A free one may be taken by another process at any time. */
public final class LoopbackPort {
  static final String HOST = "127.0.0.1";

  private LoopbackPort() {}

  /** A free port: this one if it is, else any. */
  public static int freeNear(int preferred) {
    return isFree(preferred) ? preferred : free();
  }

  static boolean isFree(int port) {
    try (ServerSocket socket = bind(port)) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  static int free() {
    try (ServerSocket socket = bind(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("no free port on " + HOST, e);
    }
  }

  private static ServerSocket bind(int port) throws IOException {
    return new ServerSocket(port, 1, InetAddress.ofLiteral(HOST));
  }
}
