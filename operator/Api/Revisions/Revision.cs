using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Revisions;

/// <summary>
/// The identity of what an agent runs: SHA-256 over the canonical JSON of its template, the content of the ConfigMaps that the
/// template refers to, its guardrails (without credentials and resources) and its reliability. Replicas, rollout, evals and budget are
/// not part of it, and nothing of the cluster is: a manifest gives the same revision offline.
/// </summary>
/// <param name="Hash">The hash, as labels, names and statuses have it.</param>
public readonly record struct Revision(string Hash)
{
    /// <summary>Hex digits of the hash that make a revision's name: 60 bits.</summary>
    public const int Length = 15;

    /// <summary>The revision of a spec.</summary>
    /// <param name="spec">The spec; fields that the API server would default may be absent.</param>
    /// <param name="configMaps">From the name of a referenced ConfigMap to its <see cref="ConfigMapContent.Digest"/>; a missing optional
    /// one is left out.</param>
    public static Revision Compute(AgentDeploymentSpec spec, IReadOnlyDictionary<string, string> configMaps)
    {
        var contents = new JsonObject();
        foreach (var (name, digest) in configMaps)
            contents[name] = digest;
        var whole = new JsonObject
        {
            ["template"] = WithoutNulls(spec.Template),
            ["configMaps"] = contents,
            ["guardrails"] = Guardrails(spec.Guardrails),
            ["reliability"] = Reliability(spec.Reliability),
        };
        return new Revision(Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Serialize(whole)))[..Length]);
    }

    /// <summary>The revision that a label or a status names, or null where it names none.</summary>
    public static Revision? Parse(string? hash) => string.IsNullOrEmpty(hash) ? null : new Revision(hash);

    /// <summary>The hash.</summary>
    public override string ToString() => Hash;

    // A member that is null means the same to the API server as a member that is absent, and some tools drop it while others keep it.
    private static JsonNode? WithoutNulls(JsonNode? node) =>
        node switch
        {
            JsonObject members => new JsonObject(
                members
                    .Where(member => member.Value is not null)
                    .Select(member => KeyValuePair.Create(member.Key, WithoutNulls(member.Value)))
            ),
            JsonArray items => new JsonArray([.. items.Select(WithoutNulls)]),
            _ => node?.DeepClone(),
        };

    // A field that is not set, or is set to its default, is left out. So a field that a later version adds changes no revision.
    private static JsonObject Reliability(ReliabilitySpec? reliability)
    {
        var json = new JsonObject { ["modelCallTimeout"] = reliability?.ModelCall?.Timeout ?? Defaults.ModelCallTimeout };
        if (reliability?.ModelCall?.FirstByteTimeout is { } first)
            json["firstByteTimeout"] = first;
        if (reliability?.ModelCall?.EventTimeout is { } next)
            json["eventTimeout"] = next;
        if (reliability?.ModelCall?.Attempts is > 1 and var attempts)
            json["attempts"] = attempts;
        if (reliability?.ToolCall?.Timeout is { } tool && tool != Defaults.ToolCallTimeout)
            json["toolCallTimeout"] = tool;
        if (reliability?.SideEffects is { } effects)
            json["sideEffects"] = new JsonObject
            {
                ["tools"] = new JsonArray([.. effects.Tools.Order(StringComparer.Ordinal).Select(name => (JsonNode)name)]),
                ["window"] = effects.Window ?? Defaults.SideEffectWindow,
            };
        if (reliability?.ToolCall?.Attempts is > 1 and var repeats)
            json["toolCallAttempts"] = repeats;
        if (reliability?.Mode is ReliabilityMode.Observe)
            json["mode"] = nameof(ReliabilityMode.Observe);
        if (reliability?.RetryBudgetPercent is { } budget)
            json["retryBudgetPercent"] = budget;
        if (reliability?.CircuitBreaker is { } circuit)
            json["circuitBreaker"] = Circuit(circuit);
        if (reliability?.MaxConcurrentCalls is { } most)
            json["maxConcurrentCalls"] = most;
        if (reliability?.Refusal is { } refusal)
            json["refusal"] = Refusal(refusal);
        // In whatever order: a list of names.
        if (reliability?.ReadOnlyTools is { Count: > 0 } tools)
            json["readOnlyTools"] = new JsonArray([.. tools.Order(StringComparer.Ordinal).Select(name => (JsonNode)name)]);
        return json;
    }

    private static JsonObject Refusal(RefusalSpec refusal)
    {
        var json = new JsonObject { ["statusCode"] = refusal.StatusCode ?? Defaults.RefusalStatus };
        if (refusal.Message is { } message)
            json["message"] = message;
        if (refusal.Path is { } path)
            json["path"] = path;
        if (refusal.CannotAnswerAfter is { } failures)
            json["cannotAnswerAfter"] = failures;
        return json;
    }

    private static JsonObject Circuit(CircuitBreakerSpec circuit)
    {
        var json = new JsonObject
        {
            ["failurePercent"] = circuit.FailurePercent ?? Defaults.CircuitFailurePercent,
            ["minimumCalls"] = circuit.MinimumCalls ?? Defaults.CircuitMinimumCalls,
            ["openFor"] = circuit.OpenFor ?? Defaults.CircuitOpenFor,
            ["window"] = circuit.Window ?? Defaults.CircuitWindow,
        };
        if (circuit.SlowCallAfter is { } slow)
            json["slowCallAfter"] = slow;
        if (circuit.SlowCallPercent is { } percent)
            json["slowCallPercent"] = percent;
        return json;
    }

    private static JsonObject Guardrails(GuardrailsSpec? guardrails)
    {
        var json = Models(guardrails);
        if (guardrails?.Tools?.Allow is { Count: > 0 } tools)
            json["tools"] = new JsonArray([.. tools.Select(tool => (JsonNode)tool)]);
        if (guardrails?.Tools?.OnToolError is { } action)
            json["onToolError"] = action.ToString();
        if (guardrails?.Tools is { OnToolError: ToolErrorAction.Stop, StopAfter: { } most } && most != Defaults.StopAfter)
            json["stopAfter"] = most;
        if (guardrails?.Tools?.Failures is { Count: > 0 } failures)
            json["failures"] = new JsonArray([.. failures.Select(Failure)]);
        if (guardrails?.Tools?.SchemaCheck is { } check)
            json["schemaCheck"] = check.ToString();
        if (guardrails?.Tools is { SchemaCheck: SchemaCheckMode.Enforce, SchemaFailMode: FailMode.Closed })
            json["schemaFailMode"] = nameof(FailMode.Closed);
        if (guardrails?.Tools?.OnToolChange is { } change)
            json["onToolChange"] = change.ToString();
        if (guardrails?.Screening?.Mode is { } mode)
            json["screening"] = mode.ToString();
        if (guardrails?.Context is { OnOverflow: { } overflow } context)
            json["context"] = new JsonObject
            {
                ["onOverflow"] = overflow.ToString(),
                ["reservePercent"] = context.ReservePercent ?? Defaults.ContextReservePercent,
                ["failMode"] = (context.FailMode ?? FailMode.Open).ToString(),
            };
        return json;
    }

    private static JsonObject Failure(ToolFailureSpec failure)
    {
        var json = new JsonObject { ["tool"] = failure.Tool };
        if (failure.Pattern is { } pattern)
            json["pattern"] = pattern;
        if (failure.Path is { } path)
            json["path"] = path;
        if (failure.Value is { } value)
            json["value"] = value;
        if (failure.Empty == true)
            json["empty"] = true;
        return json;
    }

    private static JsonObject Models(GuardrailsSpec? guardrails) =>
        new()
        {
            ["allow"] = new JsonArray([.. (guardrails?.Models?.Allow ?? []).Select(model => (JsonNode)model)]),
            ["maxOutputTokens"] = guardrails?.Models?.MaxOutputTokens ?? Defaults.MaxOutputTokens,
            ["upstreams"] = new JsonArray([.. (guardrails?.Upstreams ?? []).Select(One)]),
        };

    private static JsonObject One(Upstream upstream)
    {
        var json = new JsonObject
        {
            ["name"] = upstream.Name,
            ["format"] = upstream.Format.ToString(),
            ["url"] = upstream.Url,
        };
        if (upstream.Proxy is not null)
            json["proxy"] = upstream.Proxy;
        if (upstream.Fallback is { } fallback)
        {
            json["fallback"] = fallback.Upstream;
            if (fallback.Models.Count > 0)
                json["fallbackModels"] = new JsonObject(
                    fallback.Models.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))
                );
        }
        return json;
    }
}
