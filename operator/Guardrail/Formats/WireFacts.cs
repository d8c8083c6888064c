using System.Collections.Frozen;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// What is known about how a provider speaks its format, made ready for readers of bodies. Where nothing is known, what is safe holds: the
/// fields of the format that cost nothing, and the parameter that every server of the format understands.
/// </summary>
internal sealed class WireFacts
{
    /// <summary>The parameter that bounds the output everywhere but at OpenAI's newer models.</summary>
    public const string MaxTokens = "max_tokens";

    private const string PartPrefix = "content.";
    private static readonly UsageApi[] Apis = [UsageApi.Chat, UsageApi.Responses, UsageApi.Embeddings, UsageApi.Messages, UsageApi.Gemini];

    private readonly FrozenDictionary<UsageApi, FieldNames> fields;
    private readonly string[] limits;
    private readonly byte[][] refusedParts;

    /// <param name="provider">The provider's id in the catalog; null where the upstream's host is not known.</param>
    /// <param name="facts">What the catalog says.</param>
    public WireFacts(string? provider, ProviderFacts facts)
    {
        fields = Apis.ToFrozenDictionary(api => api, api => Names(provider, facts, api));
        limits = [.. facts.OutputLimits];
        AsksUsage = facts.StreamUsage ?? true;
        refusedParts =
        [
            .. facts
                .Fields.GetValueOrDefault(UsageApi.Chat, FieldRules.None)
                .Refuse.Where(name => name.StartsWith(PartPrefix, StringComparison.Ordinal))
                .Select(name => System.Text.Encoding.UTF8.GetBytes(name[PartPrefix.Length..])),
        ];
    }

    /// <summary>Nothing is known.</summary>
    public static WireFacts Unknown { get; } = new(null, ProviderFacts.None);

    /// <summary>The parameter of Chat Completions that is put in to bound the output.</summary>
    public string OutputLimit => limits.Length == 0 ? MaxTokens : limits[0];

    /// <summary>Usage may be asked for in a stream.</summary>
    public bool AsksUsage { get; }

    /// <summary>
    /// Whether a parameter bounds the output. Where nothing is known, the client that sent it knows its provider; an answer that is longer
    /// all the same is an overrun.
    /// </summary>
    public bool Bounds(string parameter) => limits.Length == 0 || Array.IndexOf(limits, parameter) >= 0;

    /// <summary>The fields that a request of a format may have.</summary>
    public FieldNames Fields(UsageApi api) => fields[api];

    /// <summary>A part of a message's content of this type costs more than its tokens.</summary>
    public bool RefusesPart(ReadOnlySpan<byte> type)
    {
        foreach (var refused in refusedParts)
        {
            if (type.SequenceEqual(refused))
                return true;
        }
        return false;
    }

    private static FieldNames Names(string? provider, ProviderFacts facts, UsageApi api)
    {
        var rules = facts.Fields.GetValueOrDefault(api, FieldRules.None);
        var format = api.ToString().ToLowerInvariant();
        var entry = provider is null
            ? "an entry of the price catalog with the url of this upstream"
            : $"\"{provider}\" in the price catalog";
        return new FieldNames(
            FreeFields.Of(api).Except(rules.Refuse).Union(rules.Allow),
            rules.Refuse,
            $"Leave it out, or, where the provider bills nothing for it, add \"{{0}}\" to fields.{format}.allow of {entry}."
        );
    }
}
