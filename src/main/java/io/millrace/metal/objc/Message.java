package io.millrace.metal.objc;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The message that a component of a record of method handles sends, and its signature: {@code
 * MemorySegment} for objects and pointers, {@code long} for {@code NSUInteger} and {@code
 * NSInteger}, {@code boolean} for {@code BOOL}, {@code double}, and {@link GridSize} for {@code
 * MTLSize}. The receiver and the selector come before what it takes.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Message {
  /** The selector, with its colons. */
  String value();

  Class<?> returns() default void.class;

  Class<?>[] takes() default {};
}
