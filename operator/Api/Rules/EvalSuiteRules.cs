using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

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
    public static IReadOnlyList<Finding> Check(EvalSuiteSpec spec)
    {
        var findings = new FindingList();
        if (new object?[] { spec.Builtin, spec.Job, spec.External }.Count(one => one is not null) != 1)
            findings.Add(EvalChecks.SuiteKind, "spec", "must have exactly one of builtin, job and external");
        if (spec.Attempts is < 1 or > 10)
            findings.Add(EvalChecks.SuiteAttempts, "spec.attempts", "must be from 1 to 10");
        if (spec.Builtin is { } builtin && builtin.Cases is null == builtin.Volume is null)
            findings.Add(EvalChecks.SuiteCases, "spec.builtin", "must have either cases or volume");
        if (
            spec.Builtin?.Volume is { } volume
            && (volume.Path.Length == 0 || volume.Path.StartsWith('/') || volume.Path.Split('/').Contains(".."))
        )
            findings.Add(
                EvalChecks.SuiteVolumePath,
                "spec.builtin.volume.path",
                $"\"{volume.Path}\" must be a path within the volume, for example \"golden/cases.jsonl\""
            );
        foreach (var (name, _) in spec.Builtin?.Pod ?? [])
        {
            if (!PodFields.Contains(name))
                findings.Add(
                    EvalChecks.RunnerPodFields,
                    $"spec.builtin.pod.{name}",
                    $"is not known; known are {string.Join(", ", PodFields)}"
                );
        }
        if (spec.Builtin?.Judge is { } judge)
        {
            GuardrailRules.CheckClearText(judge.Credentials, judge.Url, judge.Insecure, "spec.builtin.judge.url", findings);
            if (
                !Uri.TryCreate(judge.Url, UriKind.Absolute, out var url)
                || url.Scheme is not ("http" or "https")
                || url.UserInfo.Length > 0
                || url.Query.Length > 0
            )
                findings.Add(
                    EvalChecks.JudgeUrl,
                    "spec.builtin.judge.url",
                    $"\"{judge.Url}\" must be an http or https URL without user, query or fragment, for example "
                        + $"\"https://api.openai.com/v1\""
                );
            if (judge.Votes is { } votes && (votes is < 1 or > 9 || votes % 2 == 0))
                findings.Add(EvalChecks.JudgeVotes, "spec.builtin.judge.votes", "must be an odd number from 1 to 9");
            if (judge.MaxCost is { } most && !Money.TryParse(most, out _))
                findings.Add(
                    EvalChecks.JudgeMaxCost,
                    "spec.builtin.judge.maxCost",
                    $"\"{most}\" must be an amount of US dollars as a decimal string, for example \"1.00\""
                );
        }
        if (spec.Job is { } job)
            CheckTemplate(job.Template, findings);
        if (spec.External is { ServiceAccounts.Count: 0 })
            findings.Add(EvalChecks.Submitters, "spec.external.serviceAccounts", "must name who may submit");
        return findings;
    }

    private static void CheckTemplate(JsonObject template, FindingList findings)
    {
        if (template["spec"] is not JsonObject pod || pod["containers"] is not JsonArray { Count: > 0 })
        {
            findings.Add(EvalChecks.JobContainers, "spec.job.template.spec.containers", "must list the runner");
            return;
        }
        // The operator creates this pod. Somebody who may write suites must not get more from it than an agent's author from theirs.
        PodTemplateRules.Check(template, pod, PodChecks.Job, findings);
        if (pod["shareProcessNamespace"] is { } shared && TemplateJson.IsOff(shared))
            findings.Add(
                EvalChecks.JobProcesses,
                "spec.job.template.spec.shareProcessNamespace",
                "must not be false: the reporter waits for the runner's processes"
            );
        CheckUser(pod, "spec.job.template.spec", findings);
        foreach (var (container, field) in TemplateJson.Containers(pod, "spec.job.template.spec"))
        {
            if (TemplateJson.Text(container["name"]) == Reporter)
                findings.Add(EvalChecks.Reporter, $"{field}.name", $"\"{Reporter}\" is the operator's");
            CheckUser(container, field, findings);
        }
    }

    private static void CheckUser(JsonObject owner, string field, FindingList findings)
    {
        if (TemplateJson.UserOf(owner["securityContext"]) == PodUsers.Reporter)
            findings.Add(EvalChecks.Reporter, $"{field}.securityContext.runAsUser", $"{PodUsers.Reporter} is the reporter's own user");
    }
}
