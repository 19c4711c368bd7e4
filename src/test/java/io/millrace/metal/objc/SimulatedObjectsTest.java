package io.millrace.metal.objc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/** The simulator's objects are those of Metal: what would crash a Mac, or leak, is found. */
class SimulatedObjectsTest extends SimulatorRig {
  @Test
  void shouldCountALeakedObject() {
    long before = simulator.liveObjects();

    Buffer leaked = floats(1);

    assertThat(simulator.liveObjects()).isEqualTo(before + 1);
    leaked.close();
    assertThat(simulator.liveObjects()).isEqualTo(before);
  }

  @Test
  void shouldCatchAMessageToAReleasedObject() {
    record Length(@Message(value = "length", returns = long.class) MethodHandle length) {}
    Buffer buffer = floats(1);
    MemorySegment object = buffer.object();
    buffer.close();

    ObjectiveC.send(device.objc.messages(Length.class).length(), object);
    device.objc.release(object);

    assertThat(simulator.takeReport())
        .contains("message length sent to a released object")
        .contains("message release sent to a released object");
  }

  @Test
  void shouldCatchAWrongSelector() {
    record Misspelled(
        @Message(value = "newComandQueue", returns = MemorySegment.class) MethodHandle queue) {}

    ObjectiveC.send(device.objc.messages(Misspelled.class).queue(), device.object());

    assertThat(simulator.takeReport())
        .contains("unrecognized selector -[MTLDevice newComandQueue]");
  }

  @Test
  void shouldCatchAWrongSignature() {
    record Wrong(
        @Message(value = "newBufferWithLength:options:", returns = long.class, takes = long.class)
            MethodHandle newBuffer) {}

    assertThatExceptionOfType(MetalException.class)
        .isThrownBy(() -> device.objc.messagesOf(device.object(), Wrong.class))
        .withMessageContaining("newBufferWithLength:options: has the signature @16@0:8Q16Q24");
  }

  @Test
  void shouldCatchEncodingAfterTheEnd() {
    try (CommandBuffer commands = queue.begin();
        Buffer out = floats(1)) {
      commands.encoder().end();

      commands.encoder().buffer(0, out, 0);

      assertThat(simulator.takeReport()).contains("setBuffer after endEncoding");
    }
  }

  @Test
  void shouldKnowWhatAResidencySetKeeps() {
    record DescriptorClass(
        @Message(value = "new", returns = MemorySegment.class) MethodHandle create) {}
    record NewSet(
        @Message(
                value = "newResidencySetWithDescriptor:error:",
                returns = MemorySegment.class,
                takes = {MemorySegment.class, MemorySegment.class})
            MethodHandle create) {}
    record ResidencySet(
        @Message(value = "addAllocation:", takes = MemorySegment.class) MethodHandle add,
        @Message("commit") MethodHandle commit,
        @Message("requestResidency") MethodHandle request) {}
    ObjectiveC objc = device.objc;
    ResidencySet messages = objc.messages(ResidencySet.class);
    MemorySegment descriptor =
        ObjectiveC.call(
            objc.messages(DescriptorClass.class).create(),
            objc.classNamed("MTLResidencySetDescriptor"));
    MemorySegment set =
        ObjectiveC.call(
            objc.messages(NewSet.class).create(), device.object(), descriptor, MemorySegment.NULL);
    try (Buffer first = floats(32);
        Buffer second = floats(8)) {
      ObjectiveC.send(messages.add(), set, first.object());
      ObjectiveC.send(messages.commit(), set);
      ObjectiveC.send(messages.add(), set, second.object());
      ObjectiveC.send(messages.request(), set);

      assertThat(simulator.residentBytes()).as("committed").isEqualTo(128);
      ObjectiveC.send(messages.commit(), set);
      assertThat(simulator.residentBytes()).isEqualTo(160);
    }
    objc.release(set);
    objc.release(descriptor);
    assertThat(simulator.residentBytes()).isZero();
  }

  @Test
  void shouldHaveWhatTheReleaseOfMacOsHas() {
    String residency = "newResidencySetWithDescriptor:error:";

    assertThat(device.objc.respondsTo(device.object(), residency)).isTrue();
    simulator.macOs(14);
    assertThat(device.objc.respondsTo(device.object(), residency)).isFalse();
    assertThatExceptionOfType(MetalException.class)
        .isThrownBy(() -> device.objc.classNamed("MTLResidencySetDescriptor"));
  }

  @Test
  void shouldCloseItsPools() {
    run(kernel("out[index] = 1.0f;"), "test", encoder -> {});

    assertThat(simulator.openPools()).isZero();
  }
}
