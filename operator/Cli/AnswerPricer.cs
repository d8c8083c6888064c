using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Cli;

/// <summary>What an answer cost, or why its cost cannot be told.</summary>
internal sealed record AnswerPrice(string? Error, string Model, TokenUsage Usage, CallCost Cost, string Rule)
{
    /// <summary>An answer without a price.</summary>
    public static AnswerPrice Failed(string error) => new(error, "", default, default, "");

    /// <summary>The price as one line of JSON.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            if (Error is not null)
            {
                writer.WriteString("error", Error);
            }
            else
            {
                writer.WriteString("model", Model);
                writer.WriteNumber("input_tokens", Usage.Input);
                writer.WriteNumber("cache_read_tokens", Usage.CacheRead);
                writer.WriteNumber("cache_write_tokens", Usage.CacheWrite);
                writer.WriteNumber("output_tokens", Usage.Output);
                writer.WriteString("input_cost", Cost.Input.ToString());
                writer.WriteString("output_cost", Cost.Output.ToString());
                writer.WriteString("total_cost", Cost.Total.ToString());
                writer.WriteString("rule", Rule);
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}

/// <summary>Prices answers with the prices that a catalog has at one moment.</summary>
internal sealed class AnswerPricer(PriceCatalog catalog, DateTimeOffset at)
{
    /// <summary>Prices one answer.</summary>
    /// <param name="provider">The provider as people write it; null or empty: the first that claims the model.</param>
    /// <param name="api">The wire format's name.</param>
    /// <param name="model">A model to use before the one that the answer names, where it has a price.</param>
    /// <param name="body">The answer.</param>
    public AnswerPrice Price(string? provider, string api, string? model, ReadOnlySpan<byte> body)
    {
        if (!UsageApis.TryParse(api, out var format))
            return AnswerPrice.Failed($"the api \"{api}\" is not known: {string.Join(", ", UsageApis.All)}");
        var id = string.IsNullOrWhiteSpace(provider) ? null : catalog.ProviderNamed(provider);
        if (id is null && !string.IsNullOrWhiteSpace(provider))
            return AnswerPrice.Failed($"the catalog has no provider \"{provider}\"");
        var facts = new ResponseFacts(format);
        facts.Read(body, out _);
        if (facts.Usage is not { } usage)
            return AnswerPrice.Failed("the answer has no usage that can be priced: a count is missing, negative, or contradicts another");
        string? named = null;
        PricedModel? prices = null;
        foreach (var candidate in new[] { model, facts.Model })
        {
            if (string.IsNullOrEmpty(candidate))
                continue;
            named ??= candidate;
            if (catalog.Find(id, candidate, at) is not { } found)
                continue;
            (named, prices) = (candidate, found);
            break;
        }
        if (named is null)
            return AnswerPrice.Failed("neither the answer nor the line names a model");
        if (prices is null)
            return AnswerPrice.Failed($"the model \"{named}\" has no price" + (id is null ? "" : $" at {id}"));
        return prices.Cost(usage, facts.ServiceTier, facts.Geography) is { } cost
            ? new AnswerPrice(null, named, usage, cost, prices.RuleId)
            : AnswerPrice.Failed(
                $"{prices.RuleId} has no price for something that the answer used: output, a search, the service tier "
                    + $"\"{facts.ServiceTier}\", or the place \"{facts.Geography}\""
            );
    }
}
