using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// Every rule on an EvalSuite that its schema cannot say, and those that a server without CEL does not check. Pure; nothing throws.
/// </summary>
public static class EvalSuiteRules
{
    /// <summary>Our container in the pod of a Job.</summary>
    public const string Reporter = "agent-readiness-reporter";

    /// <summary>What a builtin suite may say of its runner's pod.</summary>
    public static IReadOnlyList<string> PodFields { get; } =
    ["nodeSelector", "tolerations", "affinity", "serviceAccountName", "imagePullSecrets", "priorityClassName"];

    /// <summary>The rules that a suite breaks; empty when it is sound.</summary>
    public static IReadOnlyList<FieldProblem> Check(EvalSuiteSpec spec)
    {
        var problems = new List<FieldProblem>();
        void Add(string field, string problem) => problems.Add(new FieldProblem(field, problem));
        if (new object?[] { spec.Builtin, spec.Job, spec.External }.Count(one => one is not null) != 1)
            Add("spec", "must have exactly one of builtin, job and external");
        if (spec.Attempts is < 1 or > 10)
            Add("spec.attempts", "must be from 1 to 10");
        if (spec.Builtin is { } builtin && builtin.Cases is null == builtin.Volume is null)
            Add("spec.builtin", "must have either cases or volume");
        if (
            spec.Builtin?.Volume is { } volume
            && (volume.Path.Length == 0 || volume.Path.StartsWith('/') || volume.Path.Split('/').Contains(".."))
        )
            Add("spec.builtin.volume.path", $"\"{volume.Path}\" must be a path within the volume, for example \"golden/cases.jsonl\"");
        foreach (var (name, _) in spec.Builtin?.Pod ?? [])
        {
            if (!PodFields.Contains(name))
                Add($"spec.builtin.pod.{name}", $"is not known; known are {string.Join(", ", PodFields)}");
        }
        if (spec.Builtin?.Judge is { } judge)
        {
            if (
                !Uri.TryCreate(judge.Url, UriKind.Absolute, out var url)
                || url.Scheme is not ("http" or "https")
                || url.UserInfo.Length > 0
                || url.Query.Length > 0
            )
                Add(
                    "spec.builtin.judge.url",
                    $"\"{judge.Url}\" must be an http or https URL without user, query or fragment, for example "
                        + $"\"https://api.openai.com/v1\""
                );
            if (judge.Votes is { } votes && (votes is < 1 or > 9 || votes % 2 == 0))
                Add("spec.builtin.judge.votes", "must be an odd number from 1 to 9");
            if (judge.MaxCost is { } most && !Money.TryParse(most, out _))
                Add("spec.builtin.judge.maxCost", $"\"{most}\" must be an amount of US dollars as a decimal string, for example \"1.00\"");
        }
        if (spec.Job is { } job)
            CheckTemplate(job.Template, Add);
        if (spec.External is { ServiceAccounts.Count: 0 })
            Add("spec.external.serviceAccounts", "must name who may submit");
        return problems;
    }

    private static void CheckTemplate(JsonObject template, Action<string, string> add)
    {
        if (template["spec"] is not JsonObject pod || pod["containers"] is not JsonArray { Count: > 0 } containers)
        {
            add("spec.job.template.spec.containers", "must list the runner");
            return;
        }
        // The operator makes the pod: whoever may write suites must not get more by it than a pod of the namespace.
        foreach (var flag in (string[])["hostNetwork", "hostPID", "hostIPC"])
        {
            if (Is(pod[flag], true))
                add($"spec.job.template.spec.{flag}", "must not be true");
        }
        if (Is(pod["shareProcessNamespace"], false))
            add("spec.job.template.spec.shareProcessNamespace", "must not be false: the reporter waits for the runner's processes");
        if (UserOf(pod) == PodUsers.Reporter)
            add("spec.job.template.spec.securityContext.runAsUser", $"{PodUsers.Reporter} is the reporter's own user");
        for (var i = 0; i < containers.Count; i++)
        {
            var container = containers[i] as JsonObject ?? [];
            var field = $"spec.job.template.spec.containers[{i}]";
            if (container["name"] is JsonValue value && value.TryGetValue<string>(out var name) && name == Reporter)
                add($"{field}.name", $"\"{Reporter}\" is the operator's");
            if (UserOf(container) == PodUsers.Reporter)
                add($"{field}.securityContext.runAsUser", $"{PodUsers.Reporter} is the reporter's own user");
            if (Is((container["securityContext"] as JsonObject)?["privileged"], true))
                add($"{field}.securityContext.privileged", "must not be true");
        }
    }

    private static bool Is(JsonNode? node, bool wanted) =>
        node is JsonValue value && value.TryGetValue<bool>(out var flag) && flag == wanted;

    private static long? UserOf(JsonObject owner) =>
        (owner["securityContext"] as JsonObject)?["runAsUser"] is JsonValue value && value.TryGetValue<long>(out var user) ? user : null;
}
