package io.millrace.cpu;

import io.millrace.tensor.Weight;

/** A weight of this backend. */
sealed interface CpuWeight extends Weight permits PanelWeight, VectorWeight {}
