using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Api.Rules;

/// <summary>A rule that a spec breaks.</summary>
/// <param name="Field">The field's path, for example "spec.budget.windows[0].maxCost".</param>
/// <param name="Problem">What is wrong and what to write instead.</param>
public readonly record struct FieldProblem(string Field, string Problem)
{
    /// <summary>"field: problem".</summary>
    public override string ToString() => $"{Field}: {Problem}";
}

/// <summary>
/// Every rule on an AgentDeployment, those of its schema included: a server without CEL, or an object from before a rule, brings
/// what the schema would refuse. Pure; nothing throws.
/// </summary>
public static partial class AgentDeploymentRules
{
    /// <summary>Variables that the operator sets, so that SDKs find the guardrail.</summary>
    public static IReadOnlyList<string> ReservedVariables => SdkVariables.All;

    /// <summary>The rules that an object breaks; empty when it is sound.</summary>
    public static IReadOnlyList<FieldProblem> Check(AgentDeployment agent)
    {
        var problems = new List<FieldProblem>();
        void Add(string field, string problem) => problems.Add(new FieldProblem(field, problem));

        if (agent.Metadata.Name is not { Length: > 0 and <= Names.MaxNameLength } name || !Label().IsMatch(name))
            Add(
                "metadata.name",
                $"must be a DNS label of at most {Names.MaxNameLength} characters that begins with a letter: names of Services and "
                    + $"Deployments derive from it"
            );
        var spec = agent.Spec;
        if (spec.Replicas is < 0 or > 1000)
            Add("spec.replicas", "must be from 0 to 1000");
        CheckPorts(spec, Add);
        CheckRollout(spec.Rollout, Add);
        CheckDisruption(spec.PodDisruptionBudget, Add);
        for (var i = 0; i < spec.Evals.Count; i++)
            CheckEval(spec.Evals[i], $"spec.evals[{i}]", Add);
        CheckBudget(spec.Budget, Add);
        CheckReliability(spec.Reliability, Add);
        CheckGuardrails(spec.Guardrails, Add);
        CheckTelemetry(spec.Telemetry, Add);
        CheckTemplate(spec, Add);
        return problems;
    }

    private static void CheckPorts(AgentDeploymentSpec spec, Action<string, string> add)
    {
        if (spec.Ports.Count is 0 or > 8)
            add("spec.ports", "must list one to eight ports");
        for (var i = 0; i < spec.Ports.Count; i++)
        {
            var port = spec.Ports[i];
            if (port.Port is < 1 or > 65535)
                add($"spec.ports[{i}].port", "must be from 1 to 65535");
            if (port.TargetPort is < 1 or > 65535)
                add($"spec.ports[{i}].targetPort", "must be from 1 to 65535");
            else if (
                port.TargetPort
                is GuardrailPorts.Egress
                    or GuardrailPorts.Admin
                    or (>= GuardrailPorts.FirstInbound and < GuardrailPorts.FirstInbound + 8)
            )
                add($"spec.ports[{i}].targetPort", $"{port.TargetPort} is a port of the guardrail: let the agent listen on another one");
            if (spec.Ports.Take(i).Any(other => other.Name == port.Name))
                add($"spec.ports[{i}].name", $"\"{port.Name}\" is used twice");
            if (spec.Ports.Take(i).Any(other => other.Port == port.Port))
                add($"spec.ports[{i}].port", $"{port.Port} is used twice");
        }
    }

    private static void CheckRollout(RolloutSpec? rollout, Action<string, string> add)
    {
        if (rollout is null)
            return;
        if (rollout.CandidateReplicas is < 1 or > 20)
            add("spec.rollout.candidateReplicas", "must be from 1 to 20");
        if (rollout.HistoryLimit is < 0 or > 20)
            add("spec.rollout.historyLimit", "must be from 0 to 20");
        Duration(rollout.Drain, "spec.rollout.drain", add);
        Duration(rollout.RollbackWindow, "spec.rollout.rollbackWindow", add);
        if (Duration(rollout.ApprovalTimeout, "spec.rollout.approvalTimeout", add) is { } wait && wait < TimeSpan.FromSeconds(1))
            add("spec.rollout.approvalTimeout", "must be at least 1s");
        CheckSteps(rollout, add);
        if (rollout.Decision is { } decision)
        {
            if (!RevisionName().IsMatch(decision.Revision))
                add(
                    "spec.rollout.decision.revision",
                    $"\"{decision.Revision}\" must be a revision as `kubectl agents revision` prints it: {Revisions.Revision.Length} hex "
                        + $"digits"
                );
            if (decision.Attempt is < 1 or > 90)
                add("spec.rollout.decision.attempt", "must be from 1 to 90");
        }
        if (Duration(rollout.ProgressDeadline, "spec.rollout.progressDeadline", add) is { } deadline && deadline < TimeSpan.FromSeconds(10))
            add("spec.rollout.progressDeadline", "must be at least 10s");
    }

    private static void CheckSteps(RolloutSpec rollout, Action<string, string> add)
    {
        var canary = rollout.Strategy == RolloutStrategy.Canary;
        if (canary && rollout.Steps.Count is 0 or > 20)
            add("spec.rollout.steps", "must list one to twenty steps where the strategy is Canary");
        if (!canary && rollout.Steps.Count > 0)
            add("spec.rollout.steps", "needs spec.rollout.strategy: Canary");
        for (var i = 0; i < rollout.Steps.Count; i++)
        {
            if (rollout.Steps[i].Percent is < 1 or > 99)
                add($"spec.rollout.steps[{i}].percent", "must be from 1 to 99; all traffic follows after the last step");
            else if (i > 0 && rollout.Steps[i].Percent < rollout.Steps[i - 1].Percent)
                add($"spec.rollout.steps[{i}].percent", "must not be less than in the step before");
            if (string.IsNullOrEmpty(rollout.Steps[i].Hold))
                add($"spec.rollout.steps[{i}].hold", "must be set, for example \"10m\"");
            else
                Duration(rollout.Steps[i].Hold, $"spec.rollout.steps[{i}].hold", add);
        }
    }

    private static void CheckDisruption(DisruptionSpec? disruption, Action<string, string> add)
    {
        if (disruption is not null && !MaxUnavailable().IsMatch(disruption.MaxUnavailable))
            add(
                "spec.podDisruptionBudget.maxUnavailable",
                $"\"{disruption.MaxUnavailable}\" must be a number or a percentage, for example \"1\" or \"25%\""
            );
    }

    private static void CheckEval(EvalRequirement eval, string field, Action<string, string> add)
    {
        if (string.IsNullOrEmpty(eval.Suite.Name))
            add($"{field}.suite.name", "must name an EvalSuite");
        if (!Score(eval.MinScore, out var score) || score is < 0 or > 1)
            add($"{field}.minScore", $"\"{eval.MinScore}\" must be a decimal string from \"0\" to \"1\", for example \"0.90\"");
        if (eval.Confidence is { } confidence && (!Score(confidence, out var level) || level is < 0.5m or >= 1))
            add(
                $"{field}.confidence",
                $"\"{confidence}\" must be a decimal string from \"0.5\" up to but without \"1\", for example \"0.95\""
            );
        if (eval.MinCases is < 1)
            add($"{field}.minCases", "must be at least 1");
        if (eval.MaxRegression is { } drop && (!Score(drop, out var most) || most is < 0 or > 1))
            add($"{field}.maxRegression", $"\"{drop}\" must be a decimal string from \"0\" to \"1\", for example \"0.02\"");
        if (
            eval.Repeats is { } repeats
            && !((repeats.Min ?? 1) is >= 1 and <= 20 && (repeats.Max ?? 1) is >= 1 and <= 20 && (repeats.Min ?? 1) <= (repeats.Max ?? 1))
        )
            add($"{field}.repeats", "min and max must be from 1 to 20, and min not above max");
        if (Duration(eval.ReevaluateEvery, $"{field}.reevaluateEvery", add) is { } every && every < TimeSpan.FromMinutes(1))
            add($"{field}.reevaluateEvery", "must be at least 1m");
        MoneyOf(eval.MaxCost, $"{field}.maxCost", add);
        if (Duration(eval.Deadline, $"{field}.deadline", add) is { } deadline && deadline < TimeSpan.FromSeconds(1))
            add($"{field}.deadline", "must be at least 1s");
    }

    private static void CheckBudget(BudgetSpec? budget, Action<string, string> add)
    {
        if (budget is null)
            return;
        if (
            budget.Windows.Count == 0
            && budget.SharedBudgets.Count == 0
            && budget.PerCall is null
            && budget.PerRun is null
            && budget.PerPod is null
            && budget.Attribution.Count == 0
        )
            add("spec.budget", "must have windows, sharedBudgets, perCall, perRun, perPod or attribution: an empty budget does nothing");
        for (var i = 0; i < budget.AcknowledgedOverruns.Count; i++)
        {
            var acknowledged = budget.AcknowledgedOverruns[i];
            if (acknowledged.Rule.Length == 0 || acknowledged.Reason.Length == 0 || acknowledged.Before == default)
                add($"spec.budget.acknowledgedOverruns[{i}]", "must have rule (as status.overruns names it), before (a time) and reason");
        }
        MoneyOf(budget.PerCall?.MaxCost, "spec.budget.perCall.maxCost", add);
        CheckPerRun(budget.PerRun, add);
        if (budget.PerPod?.RequestsPerMinute is < 1 or > 1_000_000)
            add("spec.budget.perPod.requestsPerMinute", "must be from 1 to 1000000");
        if (budget.PerPod?.TokensPerMinute is < 1 or > 1_000_000_000)
            add("spec.budget.perPod.tokensPerMinute", "must be from 1 to 1000000000");
        BudgetRules.CheckAttribution(budget.Attribution, "spec.budget.attribution", add);
        BudgetRules.CheckWindows(budget, "spec.budget", add);
    }

    private static void CheckPerRun(PerRunSpec? run, Action<string, string> add)
    {
        if (run is null)
            return;
        MoneyOf(run.MaxCost, "spec.budget.perRun.maxCost", add);
        if (run.MaxTokens is < 1 or > 1_000_000_000)
            add("spec.budget.perRun.maxTokens", "must be from 1 to 1000000000");
        if (run.MaxSteps is < 1 or > 100_000)
            add("spec.budget.perRun.maxSteps", "must be from 1 to 100000");
        if (run.MaxToolCalls is < 1 or > 100_000)
            add("spec.budget.perRun.maxToolCalls", "must be from 1 to 100000");
        if (run.MaxRepeats is < 1 or > 1000)
            add("spec.budget.perRun.maxRepeats", "must be from 1 to 1000");
        if (Duration(run.MaxDuration, "spec.budget.perRun.maxDuration", add) is { } longest && longest < TimeSpan.FromSeconds(1))
            add("spec.budget.perRun.maxDuration", "must be at least 1s");
    }

    private static void CheckReliability(ReliabilitySpec? reliability, Action<string, string> add)
    {
        const string Model = "spec.reliability.modelCall";
        foreach (
            var (text, field) in new[]
            {
                (reliability?.ModelCall?.Timeout, Model + ".timeout"),
                (reliability?.ModelCall?.FirstByteTimeout, Model + ".firstByteTimeout"),
                (reliability?.ModelCall?.EventTimeout, Model + ".eventTimeout"),
                (reliability?.ToolCall?.Timeout, "spec.reliability.toolCall.timeout"),
            }
        )
        {
            if (Duration(text, field, add) is { } duration && duration <= TimeSpan.Zero)
                add(field, "must be longer than 0");
        }
        if (reliability?.ModelCall?.Attempts is < 1 or > 10)
            add(Model + ".attempts", "must be from 1 to 10");
    }

    private static void CheckTelemetry(TelemetrySpec? telemetry, Action<string, string> add)
    {
        if (
            telemetry?.Otlp is { } otlp
            && (
                !Uri.TryCreate(otlp.Endpoint, UriKind.Absolute, out var url)
                || url.Scheme is not ("http" or "https")
                || url.UserInfo.Length > 0
                || url.Query.Length > 0
                || url.Fragment.Length > 0
            )
        )
            add(
                "spec.telemetry.otlp.endpoint",
                $"\"{otlp.Endpoint}\" must be an http or https URL without user, query or fragment, for example "
                    + $"\"http://otel-collector:4318\""
            );
    }

    private static void CheckGuardrails(GuardrailsSpec? guardrails, Action<string, string> add)
    {
        if (guardrails is null)
            return;
        if (guardrails.Models?.MaxOutputTokens is < 1 or > 1_000_000)
            add("spec.guardrails.models.maxOutputTokens", "must be from 1 to 1000000");
        for (var i = 0; i < guardrails.Upstreams.Count; i++)
        {
            var upstream = guardrails.Upstreams[i];
            var field = $"spec.guardrails.upstreams[{i}]";
            if (!UpstreamName().IsMatch(upstream.Name))
                add($"{field}.name", $"\"{upstream.Name}\" must be a DNS label");
            if (guardrails.Upstreams.Take(i).Any(other => other.Name == upstream.Name))
                add($"{field}.name", $"\"{upstream.Name}\" is used twice");
            if (
                !Uri.TryCreate(upstream.Url, UriKind.Absolute, out var url)
                || url.Scheme is not ("http" or "https")
                || url.UserInfo.Length > 0
                || url.Query.Length > 0
            )
                add(
                    $"{field}.url",
                    $"\"{upstream.Url}\" must be an http or https URL without user, query or fragment, for example "
                        + $"\"https://api.openai.com/v1\""
                );
            if (upstream.CaConfigMapRef is { } authority && (authority.Name.Length == 0 || authority.Key.Length == 0))
                add($"{field}.caConfigMapRef", "must name a ConfigMap and a key in it");
            if (
                upstream.Proxy is { } proxy
                && !(Uri.TryCreate(proxy, UriKind.Absolute, out var through) && through.Scheme == "http" && through.UserInfo.Length == 0)
            )
                add($"{field}.proxy", $"\"{proxy}\" must be an http URL without user, for example \"http://proxy:3128\"");
            if (
                upstream.Credentials is { } credentials
                && (credentials.SecretRef.Name.Length == 0 || credentials.SecretRef.Key.Length == 0)
            )
                add($"{field}.credentials.secretRef", "must name a Secret and a key in it");
        }
    }

    private static void CheckTemplate(AgentDeploymentSpec spec, Action<string, string> add)
    {
        if (spec.Template["spec"] is not JsonObject pod || pod["containers"] is not JsonArray { Count: > 0 } containers)
        {
            add("spec.template.spec.containers", "must list at least one container");
            return;
        }
        foreach (var flag in (string[])["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"])
        {
            if (pod[flag] is JsonValue value && value.TryGetValue<bool>(out var on) && on)
                add($"spec.template.spec.{flag}", "must not be true: the agent could reach the guardrail's key");
        }
        var secrets = (spec.Guardrails?.Upstreams ?? [])
            .Select(upstream => upstream.Credentials?.SecretRef.Name)
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        var volumes = pod["volumes"] as JsonArray ?? [];
        for (var i = 0; i < volumes.Count; i++)
            CheckVolume(volumes[i] as JsonObject ?? [], $"spec.template.spec.volumes[{i}]", secrets, add);
        if (UserOf(pod["securityContext"]) == PodUsers.Guardrail)
            add("spec.template.spec.securityContext.runAsUser", $"{PodUsers.Guardrail} is the guardrail's own user");
        foreach (var (list, name) in new[] { (containers, "containers"), (pod["initContainers"] as JsonArray ?? [], "initContainers") })
        {
            for (var i = 0; i < list.Count; i++)
                CheckContainer(list[i] as JsonObject ?? [], $"spec.template.spec.{name}[{i}]", secrets, add);
        }
    }

    private static void CheckVolume(JsonObject volume, string field, HashSet<string> secrets, Action<string, string> add)
    {
        if (Text(volume["name"])?.StartsWith("agent-readiness-", StringComparison.Ordinal) == true)
            add($"{field}.name", "names that begin with \"agent-readiness-\" are the operator's");
        if (Text((volume["secret"] as JsonObject)?["secretName"]) is { } secret && secrets.Contains(secret))
            add($"{field}.secret.secretName", $"\"{secret}\" holds a provider key: only the guardrail may mount it");
        foreach (
            var (source, index) in ((volume["projected"] as JsonObject)?["sources"] as JsonArray ?? []).Select(
                (source, index) => (source as JsonObject ?? [], index)
            )
        )
        {
            if (Text((source["secret"] as JsonObject)?["name"]) is { } inner && secrets.Contains(inner))
                add(
                    $"{field}.projected.sources[{index}].secret.name",
                    $"\"{inner}\" holds a provider key: only the guardrail may mount it"
                );
            if (Text((source["serviceAccountToken"] as JsonObject)?["audience"]) == GrantProtocol.Audience)
                add(
                    $"{field}.projected.sources[{index}].serviceAccountToken.audience",
                    "this audience is the guardrail's: with it the agent could grant itself money"
                );
        }
    }

    private static void CheckContainer(JsonObject container, string field, HashSet<string> secrets, Action<string, string> add)
    {
        if (Text(container["name"]) == Names.GuardrailContainer)
            add($"{field}.name", $"\"{Names.GuardrailContainer}\" is the operator's");
        if (UserOf(container["securityContext"]) == PodUsers.Guardrail)
            add($"{field}.securityContext.runAsUser", $"{PodUsers.Guardrail} is the guardrail's own user");
        if (
            (container["securityContext"] as JsonObject)?["privileged"] is JsonValue privileged
            && privileged.TryGetValue<bool>(out var on)
            && on
        )
            add($"{field}.securityContext.privileged", "must not be true: the agent could reach the guardrail's key");
        var added = ((container["securityContext"] as JsonObject)?["capabilities"] as JsonObject)?["add"] as JsonArray ?? [];
        foreach (
            var capability in added.Select(Text).Where(capability => capability is "NET_ADMIN" or "SYS_PTRACE" or "SYS_ADMIN" or "ALL")
        )
            add($"{field}.securityContext.capabilities.add", $"{capability} would let the agent go around the guardrail");
        var variables = container["env"] as JsonArray ?? [];
        for (var i = 0; i < variables.Count; i++)
        {
            var variable = variables[i] as JsonObject ?? [];
            if (Text(variable["name"]) is { } name && ReservedVariables.Contains(name))
                add($"{field}.env[{i}].name", $"{name} is set by the operator, so that the SDK finds the guardrail: remove it");
            var secret = Text(((variable["valueFrom"] as JsonObject)?["secretKeyRef"] as JsonObject)?["name"]);
            if (secret is not null && secrets.Contains(secret))
                add($"{field}.env[{i}].valueFrom.secretKeyRef.name", $"\"{secret}\" holds a provider key: only the guardrail may mount it");
        }
        foreach (
            var (mounted, index) in (container["volumeMounts"] as JsonArray ?? []).Select(
                (mounted, index) => (mounted as JsonObject ?? [], index)
            )
        )
        {
            // The volume itself is not in the template: it would be there once the guardrail is.
            if (Text(mounted["name"])?.StartsWith("agent-readiness-", StringComparison.Ordinal) == true)
                add(
                    $"{field}.volumeMounts[{index}].name",
                    "only the guardrail may mount the operator's volumes: its keys, its token and its journal"
                );
        }
        var sources = container["envFrom"] as JsonArray ?? [];
        for (var i = 0; i < sources.Count; i++)
        {
            if (Text(((sources[i] as JsonObject)?["secretRef"] as JsonObject)?["name"]) is { } secret && secrets.Contains(secret))
                add($"{field}.envFrom[{i}].secretRef.name", $"\"{secret}\" holds a provider key: only the guardrail may mount it");
        }
    }

    internal static void MoneyOf(string? text, string field, Action<string, string> add)
    {
        if (!string.IsNullOrEmpty(text) && !Money.TryParse(text, out _))
            add(field, $"\"{text}\" must be an amount of US dollars as a decimal string, not negative, for example \"50\" or \"0.10\"");
    }

    private static TimeSpan? Duration(string? text, string field, Action<string, string> add)
    {
        if (text is null)
            return null;
        if (GoDuration.TryParse(text, out var duration))
            return duration;
        add(field, $"\"{text}\" must be a duration such as \"30s\" or \"1m30s\"");
        return null;
    }

    private static bool Score(string? text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && char.IsAsciiDigit(text![0]);

    private static long? UserOf(JsonNode? securityContext) =>
        (securityContext as JsonObject)?["runAsUser"] is JsonValue value && value.TryGetValue<long>(out var user) ? user : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$")]
    private static partial Regex Label();

    [GeneratedRegex("^[0-9a-f]{15}$")]
    private static partial Regex RevisionName();

    [GeneratedRegex("^([0-9]{1,4}|[0-9]{1,2}%|100%)$")]
    private static partial Regex MaxUnavailable();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")]
    private static partial Regex UpstreamName();
}
