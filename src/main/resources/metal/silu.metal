// The activation function of the MLP. The exponent is clamped, since fast math knows no infinities.
inline float silu(float x) { return x / (1.0f + precise::exp(clamp(-x, -87.0f, 87.0f))); }
