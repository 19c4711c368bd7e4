package io.millrace;

import io.millrace.engine.Engine;
import io.millrace.engine.EngineInfo;
import io.millrace.engine.EngineStatus;

/** Another engine, with a hand in its {@link Engine#submit}. */
public abstract class DelegatingEngine implements Engine {
  protected final Engine engine;

  /**
   * @param engine is closed with this one
   */
  protected DelegatingEngine(Engine engine) {
    this.engine = engine;
  }

  @Override
  public EngineInfo info() {
    return engine.info();
  }

  @Override
  public EngineStatus status() {
    return engine.status();
  }

  @Override
  public void close() {
    engine.close();
  }
}
