/** The operations on an Apple GPU, through Metal; kernels are in {@code resources/metal}. */
package io.millrace.metal;
