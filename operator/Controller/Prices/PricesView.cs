using System.Text.Json;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Prices;

/// <summary>The ConfigMap of prices that the platform team names.</summary>
/// <param name="Text">Its file of prices; null where it has none.</param>
public sealed record PricesView(string? Text)
{
    /// <summary>Makes the view.</summary>
    public static PricesView Of(JsonElement item) => new(item.Text("data", GuardrailPrices.Key));
}
