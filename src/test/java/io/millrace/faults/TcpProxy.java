package io.millrace.faults;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Passes connections on to a port of this machine. While it is cut, nothing passes in either
 * direction, and no connection is closed: as when a cable is pulled, neither side learns of it.
 */
final class TcpProxy implements AutoCloseable {
  private static final String HOST = "127.0.0.1";

  private final ServerSocket server;
  private final int target;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition healed = lock.newCondition();
  private boolean cut;

  private TcpProxy(ServerSocket server, int target) {
    this.server = server;
    this.target = target;
  }

  static TcpProxy start(int target) throws IOException {
    TcpProxy proxy = new TcpProxy(new ServerSocket(0, 50, InetAddress.ofLiteral(HOST)), target);
    Thread.ofVirtual().name("proxy").start(proxy::accept);
    return proxy;
  }

  int port() {
    return server.getLocalPort();
  }

  void cut() {
    setCut(true);
  }

  void heal() {
    setCut(false);
  }

  @Override
  public void close() {
    heal();
    close(server);
    sockets.forEach(TcpProxy::close);
  }

  private void setCut(boolean isCut) {
    lock.lock();
    try {
      cut = isCut;
      healed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> connect(client));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void connect(Socket client) {
    sockets.add(client);
    try {
      awaitHealed();
      Socket broker = new Socket(HOST, target);
      sockets.add(broker);
      client.setTcpNoDelay(true);
      broker.setTcpNoDelay(true);
      Thread.ofVirtual().start(() -> pump(client, broker));
      pump(broker, client);
    } catch (IOException e) {
      forget(client);
    }
  }

  private void pump(Socket from, Socket to) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] buffer = new byte[64 * 1024];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        awaitHealed();
        out.write(buffer, 0, read);
      }
    } catch (IOException e) {
      // One side is gone.
    } finally {
      forget(from);
      forget(to);
    }
  }

  private void awaitHealed() {
    lock.lock();
    try {
      while (cut) {
        healed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  private void forget(Socket socket) {
    sockets.remove(socket);
    close(socket);
  }

  private static void close(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      // It is gone either way.
    }
  }
}
