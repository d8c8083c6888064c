using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The price of a model.</summary>
/// <param name="Provider">What the catalog knows about the provider.</param>
/// <param name="Prices">The prices; null where the catalog has none.</param>
/// <param name="Overrun">Why models of this price are refused at present; null where they are not.</param>
internal readonly record struct ModelPrice(KnownProvider Provider, PricedModel? Prices, string? Overrun);
