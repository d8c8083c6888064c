using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Views;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>
/// Builds the Job of a run: the runner, and beside it our reporter, which waits until the runner's processes have ended and reads
/// what they wrote. Neither needs API credentials. Pure.
/// </summary>
internal static class RunnerJob
{
    public const string Runner = "runner";
    public const string Reporter = EvalSuiteRules.Reporter;
    private const string CasesDirectory = "/agent-readiness/cases";
    private const string ResultsDirectory = "/agent-readiness/results";
    private const string ResultsVolume = "agent-readiness-results";
    private const int RunnerUser = 65532;

    /// <summary>Builds it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="suite">A sound suite that is run by a Job.</param>
    /// <param name="casesDigest">SHA-256 of the cases that our own runner is given; null for a runner of the suite's.</param>
    /// <param name="image">Our image.</param>
    public static JsonObject Build(EvalRun run, EvalSuiteSpec suite, string? casesDigest, string image)
    {
        var labels = new JsonObject { [Names.ManagedByLabel] = Names.Operator, [Names.EvalRunLabel] = run.Metadata.Name };
        return new JsonObject
        {
            ["apiVersion"] = JobView.Resource.ApiVersion,
            ["kind"] = JobView.Resource.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = run.Metadata.Name,
                ["namespace"] = run.Metadata.NamespaceProperty,
                ["labels"] = labels.DeepClone(),
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = $"{Names.Group}/{Names.Version}",
                    ["kind"] = EvalRun.EntityKind,
                    ["name"] = run.Metadata.Name,
                    ["uid"] = run.Metadata.Uid,
                    ["controller"] = true,
                    ["blockOwnerDeletion"] = false,
                }),
            },
            ["spec"] = new JsonObject
            {
                // A run that could not be made is another attempt with a name of its own, not a second pod of this one.
                ["backoffLimit"] = 0,
                ["activeDeadlineSeconds"] = Math.Max(1, (long)GoDuration.Parse(run.Spec.Deadline).TotalSeconds),
                ["template"] = suite.Job is { } job ? Own(run, job, labels, image) : Builtin(run, suite.Builtin!, labels, casesDigest!, image),
            },
        };
    }

    private static JsonObject Builtin(EvalRun run, BuiltinSuite suite, JsonObject labels, string casesDigest, string image)
    {
        var file = suite.Cases.Key.EndsWith(".yaml", StringComparison.Ordinal) || suite.Cases.Key.EndsWith(".yml", StringComparison.Ordinal) ? "cases.yaml" : "cases.jsonl";
        var repeats = run.Spec.Repeats;
        var container = Container(Runner, image, "run",
        [
            ("RUN_UID", run.Metadata.Uid),
            ("CASES_FILE", $"{CasesDirectory}/{file}"),
            ("CASES_SHA256", casesDigest),
            ("RESULTS_PATH", $"{ResultsDirectory}/results.jsonl"),
            ("TARGET", run.Spec.Target),
            ("PARALLELISM", $"{suite.Parallelism ?? Defaults.BuiltinParallelism}"),
            ("CASE_TIMEOUT", suite.CaseTimeout ?? Defaults.BuiltinCaseTimeout),
            ("CRITICAL_TAGS", string.Join(',', run.Spec.CriticalTags)),
            ("MIN_SCORE", run.Spec.MinScore),
            ("CONFIDENCE", run.Spec.Confidence),
            ("MIN_CASES", $"{run.Spec.MinCases}"),
            ("REPEATS_MIN", $"{repeats?.Min ?? 1}"),
            ("REPEATS_MAX", $"{repeats?.Max ?? 1}"),
        ], RunnerUser);
        container["resources"] = suite.Resources?.DeepClone() ?? Resources();
        container["volumeMounts"] = new JsonArray(
            new JsonObject { ["name"] = "cases", ["mountPath"] = CasesDirectory, ["readOnly"] = true },
            Mount(readOnly: false));
        var pod = (JsonObject?)suite.Pod?.DeepClone() ?? [];
        pod["enableServiceLinks"] = false;
        pod["automountServiceAccountToken"] = false;
        pod["terminationGracePeriodSeconds"] = 10;
        pod["securityContext"] = new JsonObject
        {
            ["runAsNonRoot"] = true,
            ["runAsUser"] = RunnerUser,
            ["runAsGroup"] = RunnerUser,
            ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
        };
        pod["containers"] = new JsonArray(container);
        pod["volumes"] = new JsonArray(new JsonObject
        {
            ["name"] = "cases",
            ["configMap"] = new JsonObject
            {
                ["name"] = suite.Cases.Name,
                ["items"] = new JsonArray(new JsonObject { ["key"] = suite.Cases.Key, ["path"] = file }),
            },
        });
        return Template(run, [], pod, labels, $"{ResultsDirectory}/results.jsonl", casesDigest, image);
    }

    // The user's own template, kept as it is but for what the two of us share.
    private static JsonObject Own(EvalRun run, JobSuite suite, JsonObject labels, string image)
    {
        var template = (JsonObject)suite.Template.DeepClone();
        var pod = (JsonObject)template["spec"]!;
        var runner = (JsonObject)((JsonArray)pod["containers"]!)[0]!;
        var path = $"{ResultsDirectory}/{suite.ResultsFile ?? Defaults.JobResultsFile}";
        if (runner["env"] is not JsonArray variables)
            runner["env"] = variables = [];
        var index = 0;
        // First, so that the suite's own variables may refer to them as $(AGENT_URL).
        foreach (var (name, value) in new[]
        {
            ("AGENT_URL", run.Spec.Target), ("EVAL_RUN_ID", run.Metadata.Uid), ("EVAL_REVISION", run.Spec.Revision),
            ("EVAL_REPEATS", $"{run.Spec.Repeats?.Max ?? 1}"), ("RESULTS_PATH", path),
        })
        {
            variables.Insert(index++, Variable(name, value));
        }
        if (runner["volumeMounts"] is not JsonArray mounts)
            runner["volumeMounts"] = mounts = [];
        mounts.Add(Mount(readOnly: false));
        return Template(run, template["metadata"] as JsonObject ?? [], pod, labels, path, null, image);
    }

    private static JsonObject Template(EvalRun run, JsonObject metadata, JsonObject pod, JsonObject labels, string results, string? casesDigest, string image)
    {
        var reporter = Container(Reporter, image, "report",
            [("RUN_UID", run.Metadata.Uid), ("RESULTS_PATH", results), .. casesDigest is null ? [] : new[] { ("CASES_SHA256", casesDigest) }], EvalSuiteRules.ReporterUser);
        reporter["resources"] = Resources();
        reporter["volumeMounts"] = new JsonArray(Mount(readOnly: true));
        ((JsonArray)pod["containers"]!).Add(reporter);
        pod["restartPolicy"] = "Never";
        // The reporter sees the runner end, with no rights but to look.
        pod["shareProcessNamespace"] = true;
        if (pod["volumes"] is not JsonArray volumes)
            pod["volumes"] = volumes = [];
        volumes.Add(new JsonObject { ["name"] = ResultsVolume, ["emptyDir"] = new JsonObject { ["sizeLimit"] = "1Gi" } });
        var merged = (JsonObject)metadata.DeepClone();
        if (merged["labels"] is not JsonObject all)
            merged["labels"] = all = [];
        foreach (var (name, value) in labels)
            all[name] = value!.DeepClone();
        var own = pod.DeepClone();
        return new JsonObject { ["metadata"] = merged, ["spec"] = own };
    }

    private static JsonObject Container(string name, string image, string verb, IEnumerable<(string Name, string Value)> variables, int user) => new()
    {
        ["name"] = name,
        ["image"] = image,
        ["imagePullPolicy"] = "IfNotPresent",
        ["args"] = new JsonArray(verb),
        ["env"] = new JsonArray([.. variables.Append(("DOTNET_EnableDiagnostics", "0")).Select(entry => Variable(entry.Item1, entry.Item2))]),
        ["terminationMessagePolicy"] = "File",
        ["securityContext"] = new JsonObject
        {
            ["runAsNonRoot"] = true,
            ["runAsUser"] = user,
            ["runAsGroup"] = user,
            ["allowPrivilegeEscalation"] = false,
            ["readOnlyRootFilesystem"] = true,
            ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
            ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
        },
    };

    private static JsonObject Resources() => new()
    {
        ["requests"] = new JsonObject { ["cpu"] = "50m", ["memory"] = "64Mi" },
        ["limits"] = new JsonObject { ["memory"] = "512Mi" },
    };

    private static JsonObject Mount(bool readOnly) => new() { ["name"] = ResultsVolume, ["mountPath"] = ResultsDirectory, ["readOnly"] = readOnly };

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };
}
