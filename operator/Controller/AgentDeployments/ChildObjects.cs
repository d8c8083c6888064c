using System.Globalization;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Builds the objects that an agent consists of. Pure: each is the fields that we own, for server-side apply.</summary>
internal static class ChildObjects
{
    /// <summary>The Deployment of a revision.</summary>
    public static JsonObject Deployment(AgentObservation seen, Revision revision, Track track, Injection injection, int replicas)
    {
        var name = track == Track.Eval ? ChildNames.Eval(seen.Name, revision) : ChildNames.Serving(seen.Name, revision);
        var body = Object(seen, DeploymentView.Resource, name, revision, track);
        // A later pass, when the originals have changed, recognises the copies by these digests.
        body["metadata"]!["annotations"] = new JsonObject
        {
            [Names.ConfigDigestsAnnotation] = new JsonObject(
                seen.Inputs.ConfigMaps.OrderBy(map => map.Key, StringComparer.Ordinal)
                    .Select(map => KeyValuePair.Create(ChildNames.ConfigMapCopy(map.Key, seen.Name, revision), (JsonNode?)map.Value.Digest))
            ).ToJsonString(),
        };
        body["spec"] = new JsonObject
        {
            ["replicas"] = replicas,
            ["revisionHistoryLimit"] = 0,
            ["selector"] = new JsonObject { ["matchLabels"] = Json(Selector(seen.Name, revision, track)) },
            ["strategy"] = new JsonObject
            {
                ["type"] = "RollingUpdate",
                ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = 0, ["maxSurge"] = "25%" },
            },
            ["template"] = PodTemplate.Build(seen, revision, track, injection),
        };
        return body;
    }

    /// <summary>The Service of the agent's name.</summary>
    /// <param name="seen">The observation.</param>
    /// <param name="selected">The revision that takes all traffic; null: the pods of the serving track share it.</param>
    /// <param name="serving">The serving revision, for the label.</param>
    public static JsonObject Service(AgentObservation seen, Revision? selected, Revision serving) =>
        Service(seen, ChildNames.Service(seen.Name), selected, serving, Track.Serving);

    /// <summary>The Service through which only evals reach the candidate.</summary>
    public static JsonObject CandidateService(AgentObservation seen, Revision revision) =>
        Service(seen, ChildNames.CandidateService(seen.Name), revision, revision, Track.Eval);

    /// <summary>The PodDisruptionBudget of the pods that serve, whatever their revision.</summary>
    public static JsonObject Disruption(AgentObservation seen, DisruptionSpec wanted)
    {
        var body = Object(seen, seen.Environment.Server.Disruptions, seen.Name, null, Track.Serving);
        body["spec"] = new JsonObject
        {
            ["maxUnavailable"] = int.TryParse(wanted.MaxUnavailable, CultureInfo.InvariantCulture, out var pods)
                ? pods
                : wanted.MaxUnavailable,
            ["selector"] = new JsonObject { ["matchLabels"] = Json(Selector(seen.Name, null, Track.Serving)) },
        };
        return body;
    }

    /// <summary>The copy of a ConfigMap for a revision, without its data.</summary>
    public static JsonObject ConfigMapCopy(AgentObservation seen, string source, Revision revision)
    {
        var body = Object(seen, ConfigMapView.Resource, ChildNames.ConfigMapCopy(source, seen.Name, revision), revision, null);
        body["immutable"] = true;
        return body;
    }

    /// <summary>The guardrail's configuration.</summary>
    public static JsonObject GuardrailConfig(AgentObservation seen, Revision revision, Track track)
    {
        var spec = seen.Agent.Spec;
        var terms = BudgetWindows.Serving(spec, [.. seen.Funds.Shared.Select(shared => shared.Budget)], seen.Now);
        var config = new GuardrailConfig
        {
            Agent = new GuardrailIdentity
            {
                Namespace = seen.Namespace,
                Name = seen.Name,
                Revision = revision.Hash,
                Track = track.Label(),
            },
            Inbound =
            [
                .. spec.Ports.Select(
                    (port, index) =>
                        new InboundPort
                        {
                            Name = port.Name,
                            ListenPort = GuardrailPorts.FirstInbound + index,
                            TargetPort = port.TargetPort,
                        }
                ),
            ],
            Upstreams =
            [
                .. (spec.Guardrails?.Upstreams ?? []).Select(upstream => new UpstreamConfig
                {
                    Name = upstream.Name,
                    Format = upstream.Format.ToString(),
                    Url = upstream.Url,
                    KeyFile = upstream.Credentials is null ? null : $"{GuardrailPaths.KeysDirectory}/{upstream.Name}/key",
                    CaFile = upstream.CaConfigMapRef is null
                        ? null
                        : $"{GuardrailPaths.AuthoritiesDirectory}/{upstream.Name}/{Path.GetFileName(GuardrailPaths.CaFile)}",
                    Proxy = upstream.Proxy,
                    Fallback = upstream.Fallback is { } fallback
                        ? new FallbackPolicy
                        {
                            Upstream = fallback.Upstream,
                            Models =
                            [
                                .. fallback
                                    .Models.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                                    .Select(pair => new FallbackModel { From = pair.Key, To = pair.Value }),
                            ],
                        }
                        : null,
                }),
            ],
            AllowedTools = spec.Guardrails?.Tools?.Allow ?? [],
            AllowedModels = spec.Guardrails?.Models?.Allow ?? [],
            MaxOutputTokens = spec.Guardrails?.Models?.MaxOutputTokens ?? Defaults.MaxOutputTokens,
            DrainTimeout = $"{PodTemplate.GraceSeconds(spec.Template) - GuardrailTimes.AfterDrain}s",
            ModelCall = new CallPolicy
            {
                Timeout = spec.Reliability?.ModelCall?.Timeout ?? Defaults.ModelCallTimeout,
                FirstByteTimeout = spec.Reliability?.ModelCall?.FirstByteTimeout,
                EventTimeout = spec.Reliability?.ModelCall?.EventTimeout,
                Attempts = spec.Reliability?.ModelCall?.Attempts ?? 1,
            },
            ToolCall = new CallPolicy
            {
                Timeout = spec.Reliability?.ToolCall?.Timeout ?? Defaults.ToolCallTimeout,
                FirstByteTimeout = spec.Reliability?.ToolCall?.FirstByteTimeout,
                EventTimeout = spec.Reliability?.ToolCall?.EventTimeout ?? Defaults.ToolEventTimeout,
                Attempts = spec.Reliability?.ToolCall?.Attempts ?? 1,
            },
            SideEffects = spec.Reliability?.SideEffects is { } effects
                ? new SideEffectPolicy { Tools = effects.Tools, Window = effects.Window ?? Defaults.SideEffectWindow }
                : null,
            ToolFailures = ToolFailures(spec.Guardrails?.Tools, spec.Reliability?.Refusal),
            ToolSchemas = ToolSchemas(spec.Guardrails?.Tools),
            Screening = spec.Guardrails?.Screening?.Mode is { } mode ? new ScreeningPolicy { Mode = mode.ToString() } : null,
            Context = spec.Guardrails?.Context is { OnOverflow: { } overflow } context
                ? new ContextPolicy
                {
                    OnOverflow = overflow.ToString(),
                    ReservePercent = context.ReservePercent ?? Defaults.ContextReservePercent,
                    RefuseUnknown = context.FailMode == FailMode.Closed,
                }
                : null,
            // Where pods serve, no fault is made: nothing of it is written there. The guardrail itself refuses it once more.
            Chaos = track == Track.Eval && ChaosPlans.Of(spec) is { Count: > 0 } chaos ? chaos : null,
            Reliability = Reliability(
                spec.Reliability,
                spec.Guardrails?.Upstreams.Exists(upstream => upstream.Fallback is not null) == true
            ),
            Limits = Limits(spec.Budget),
            Attribution = spec.Budget?.Attribution ?? [],
            ClientAttribution = spec.Budget?.ClientAttribution ?? [],
            AllowedOrigins = spec.Guardrails?.AllowedOrigins ?? [],
            DrainToken = PodTemplate.DrainToken(seen, revision),
            OtlpEndpoint = spec.Telemetry?.Otlp?.Endpoint,
            Observe = spec.Budget?.Mode == BudgetMode.Observe,
            Budget =
                track == Track.Serving && !terms.MayGrant
                    ? null
                    : new BudgetAuthority
                    {
                        Url = seen.Environment.GrantsUrl,
                        CaFile = GuardrailPaths.CaFile,
                        TokenFile = GuardrailPaths.Token,
                        // The cap of an evaluation is enforced even where the agent's budget only observes.
                        Observe = track == Track.Serving && terms.Observe,
                    },
        };
        var body = Object(seen, ConfigMapView.Resource, ChildNames.GuardrailConfig(seen.Name, revision, track), revision, track);
        body["data"] = GuardrailSidecar.Files(config, seen.Environment, seen.Funds.Prices);
        return body;
    }

    // Failures that turn into a refusal must be seen, whether or not the model is told of them.
    private static ToolFailurePolicy? ToolFailures(ToolsSpec? tools, RefusalSpec? refusal) =>
        tools?.OnToolError is not { } action
            ? refusal?.CannotAnswerAfter is null
                ? null
                : new ToolFailurePolicy { Action = ToolFailurePolicy.Count }
            : new ToolFailurePolicy
            {
                Action = action.ToString(),
                StopAfter = tools.StopAfter ?? Defaults.StopAfter,
                Failures =
                [
                    .. tools.Failures.Select(failure => new ToolFailureRule
                    {
                        Tool = failure.Tool,
                        Pattern = failure.Pattern,
                        Path = failure.Path,
                        Value = failure.Value,
                        Empty = failure.Empty == true,
                    }),
                ],
            };

    private static ToolSchemaPolicy? ToolSchemas(ToolsSpec? tools) =>
        tools is null or { SchemaCheck: null, OnToolChange: null }
            ? null
            : new ToolSchemaPolicy
            {
                Check = tools.SchemaCheck?.ToString(),
                RefuseUnknown = tools.SchemaFailMode == FailMode.Closed,
                OnChange = tools.OnToolChange?.ToString(),
            };

    // Where nothing of it is declared, nothing is written: so an upgrade writes what the release before wrote. A mode says something where
    // there is something that has it, and a fallback has.
    private static ReliabilityPolicy? Reliability(ReliabilitySpec? declared, bool hasFallback) =>
        declared is null
        || (
            declared is { RetryBudgetPercent: null, CircuitBreaker: null, MaxConcurrentCalls: null, ReadOnlyTools.Count: 0, Refusal: null }
            && !(hasFallback && declared.Mode == ReliabilityMode.Observe)
        )
            ? null
            : new ReliabilityPolicy
            {
                Observe = declared.Mode == ReliabilityMode.Observe,
                RetryBudgetPercent = declared.RetryBudgetPercent,
                MaxConcurrentCalls = declared.MaxConcurrentCalls ?? 0,
                ReadOnlyTools = declared.ReadOnlyTools,
                Refusal = declared.Refusal is not { } refusal
                    ? null
                    : new RefusalPolicy
                    {
                        StatusCode = refusal.StatusCode ?? Defaults.RefusalStatus,
                        Message = refusal.Message,
                        Path = refusal.Path,
                        CannotAnswerAfter = refusal.CannotAnswerAfter,
                    },
                CircuitBreaker = declared.CircuitBreaker is not { } circuit
                    ? null
                    : new CircuitPolicy
                    {
                        FailurePercent = circuit.FailurePercent ?? Defaults.CircuitFailurePercent,
                        MinimumCalls = circuit.MinimumCalls ?? Defaults.CircuitMinimumCalls,
                        OpenFor = circuit.OpenFor ?? Defaults.CircuitOpenFor,
                        Window = circuit.Window ?? Defaults.CircuitWindow,
                        SlowCallAfter = circuit.SlowCallAfter,
                        SlowCallPercent = circuit.SlowCallPercent,
                    },
            };

    private static RunLimits? Limits(BudgetSpec? budget) =>
        budget is null or { PerCall: null, PerRun: null, PerPod: null }
            ? null
            : new RunLimits
            {
                CallMaxCost = budget.PerCall?.MaxCost,
                MaxCost = budget.PerRun?.MaxCost,
                MaxTokens = budget.PerRun?.MaxTokens ?? 0,
                MaxSteps = budget.PerRun?.MaxSteps ?? 0,
                MaxToolCalls = budget.PerRun?.MaxToolCalls ?? 0,
                MaxRepeats = budget.PerRun?.MaxRepeats ?? 0,
                MaxDuration = budget.PerRun?.MaxDuration,
                RequestsPerMinute = budget.PerPod?.RequestsPerMinute ?? 0,
                TokensPerMinute = budget.PerPod?.TokensPerMinute ?? 0,
            };

    /// <summary>The labels by which pods of an agent are selected; without a revision: of all on the track.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Selector(string agent, Revision? revision, Track track)
    {
        yield return KeyValuePair.Create(Names.AgentLabel, agent);
        if (revision is { Hash: var hash })
            yield return KeyValuePair.Create(Names.RevisionLabel, hash);
        yield return KeyValuePair.Create(Names.TrackLabel, track.Label());
    }

    private static JsonObject Json(IEnumerable<KeyValuePair<string, string>> labels) =>
        new(labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value)));

    private static JsonObject Service(AgentObservation seen, string name, Revision? selected, Revision revision, Track track)
    {
        var body = Object(seen, ServiceView.Resource, name, revision, track);
        body["spec"] = new JsonObject
        {
            ["selector"] = Json(Selector(seen.Name, selected, track)),
            ["ports"] = new JsonArray([
                .. seen.Agent.Spec.Ports.Select(
                    (port, index) =>
                        new JsonObject
                        {
                            ["name"] = port.Name,
                            ["protocol"] = "TCP",
                            ["port"] = port.Port,
                            ["targetPort"] = GuardrailPorts.FirstInbound + index,
                        }
                ),
            ]),
        };
        return body;
    }

    private static JsonObject Object(AgentObservation seen, ResourceType resource, string name, Revision? revision, Track? track)
    {
        var labels = new JsonObject { [Names.ManagedByLabel] = Names.Operator, [Names.AgentLabel] = seen.Name };
        if (revision is { Hash: var hash })
            labels[Names.RevisionLabel] = hash;
        if (track is { } named)
            labels[Names.TrackLabel] = named.Label();
        return new JsonObject
        {
            ["apiVersion"] = resource.ApiVersion,
            ["kind"] = resource.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = seen.Namespace,
                ["labels"] = labels,
                ["ownerReferences"] = new JsonArray(
                    new JsonObject
                    {
                        ["apiVersion"] = $"{Names.Group}/{Names.Version}",
                        ["kind"] = AgentDeployment.EntityKind,
                        ["name"] = seen.Name,
                        ["uid"] = seen.Uid,
                        ["controller"] = true,
                        ["blockOwnerDeletion"] = false,
                    }
                ),
            },
        };
    }
}
