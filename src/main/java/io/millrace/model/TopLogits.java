package io.millrace.model;

/**
 * The largest logits of a row, of equal ones those of the lowest tokens.
 *
 * @param tokens ascending
 * @param logits of these tokens
 * @param sum about what {@code exp((logit - largest) / temperature)} comes to over the whole row
 */
public record TopLogits(int[] tokens, float[] logits, double sum) {}
