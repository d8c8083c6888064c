using System.Collections.Frozen;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="FallbackPolicy"/>, read.</summary>
/// <param name="Upstream">Where calls go.</param>
/// <param name="Models">From a model that the agent names to the one that is called there.</param>
internal sealed record FallbackSettings(Upstream Upstream, FrozenDictionary<string, string> Models)
{
    /// <summary>The model that is called in the place of another one.</summary>
    public string ModelFor(string model) => Models.GetValueOrDefault(model, model);

    /// <summary>The fallbacks of a configuration by the upstream that has them; null where none has one.</summary>
    /// <exception cref="FormatException">One cannot be used; the message names its upstream.</exception>
    public static FrozenDictionary<string, FallbackSettings>? Read(GuardrailConfig config, IReadOnlyDictionary<string, Upstream> upstreams)
    {
        Dictionary<string, FallbackSettings>? all = null;
        foreach (var declared in config.Upstreams)
        {
            if (declared.Fallback is not { } fallback)
                continue;
            var field = $"upstream {declared.Name}: fallback.";
            if (!upstreams.TryGetValue(fallback.Upstream, out var target))
                throw new FormatException($"{field}upstream: \"{fallback.Upstream}\" is not declared");
            if (target.Name == declared.Name)
                throw new FormatException($"{field}upstream names itself");
            if (target.Config.Format != declared.Format || target.Format.IsTool)
                throw new FormatException($"{field}upstream: \"{target.Name}\" is no provider of models of the format {declared.Format}");
            if (fallback.Models.Any(model => string.IsNullOrWhiteSpace(model.From) || string.IsNullOrWhiteSpace(model.To)))
                throw new FormatException($"{field}models holds an empty name");
            var models = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var model in fallback.Models)
            {
                if (!models.TryAdd(model.From, model.To))
                    throw new FormatException($"{field}models names \"{model.From}\" twice");
            }
            all ??= new Dictionary<string, FallbackSettings>(StringComparer.Ordinal);
            all[declared.Name] = new FallbackSettings(target, models.ToFrozenDictionary(StringComparer.Ordinal));
        }
        return all?.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
