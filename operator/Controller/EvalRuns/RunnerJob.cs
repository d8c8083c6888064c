using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.Shared;

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
    private const string Judge = "judge";
    private const string JudgeTrack = "judge";
    private const int RunnerUser = 65532;

    /// <summary>Builds it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="suite">A sound suite that is run by a Job.</param>
    /// <param name="casesDigest">SHA-256 of the cases that our own runner is given; null for a runner of the suite's.</param>
    /// <param name="image">Our image.</param>
    /// <param name="environment">Settings.</param>
    public static JsonObject Build(EvalRun run, EvalSuiteSpec suite, string? casesDigest, string image, OperatorEnvironment environment)
    {
        var labels = new JsonObject { [Names.ManagedByLabel] = Names.Operator, [Names.EvalRunLabel] = run.Metadata.Name };
        var template = suite.Job is { } job
            ? Own(run, job, labels, image)
            : Builtin(run, suite.Builtin!, labels, casesDigest, image, environment);
        var pod = (JsonObject)template["spec"]!;
        ReporterOf(pod)["resources"] = environment.RunnerResources.ToJson();
        var deadline = Math.Max(1, (long)GoDuration.Parse(run.Spec.Deadline).TotalSeconds);
        // The kubelet ends the pod as well: a busy Job controller can be late by minutes, and a runner costs money while it runs. The
        // Job controller is to come first, as pods whose deadline is over stay in Terminating on Kubernetes 1.20.
        var last = deadline + (long)RunOutcome.Grace.TotalSeconds;
        if (pod["activeDeadlineSeconds"] is not JsonValue own || !own.TryGetValue(out long sooner) || sooner > last)
            pod["activeDeadlineSeconds"] = last;
        return new JsonObject
        {
            ["apiVersion"] = JobView.Resource.ApiVersion,
            ["kind"] = JobView.Resource.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = run.Metadata.Name,
                ["namespace"] = run.Metadata.NamespaceProperty,
                ["labels"] = labels.DeepClone(),
                ["ownerReferences"] = Owner(run),
            },
            ["spec"] = new JsonObject
            {
                // A run that could not be measured is tried again as another attempt with its own name, and not with a second pod of this
                // Job.
                ["backoffLimit"] = 0,
                // Logs can be read for this time after the end. The verdict stays in the run.
                ["ttlSecondsAfterFinished"] = 86_400,
                ["activeDeadlineSeconds"] = deadline,
                ["template"] = template,
            },
        };
    }

    /// <summary>The configuration of the guardrail in front of a judge.</summary>
    public static JsonObject JudgeConfig(EvalRun run, JudgeSpec judge, OperatorEnvironment environment, GuardrailPrices? prices) =>
        new()
        {
            ["apiVersion"] = ConfigMapView.Resource.ApiVersion,
            ["kind"] = ConfigMapView.Resource.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = JudgeConfigName(run),
                ["namespace"] = run.Metadata.NamespaceProperty,
                ["labels"] = new JsonObject { [Names.ManagedByLabel] = Names.Operator, [Names.EvalRunLabel] = run.Metadata.Name },
                ["ownerReferences"] = Owner(run),
            },
            ["data"] = GuardrailSidecar.Files(
                new GuardrailConfig
                {
                    Agent = new GuardrailIdentity
                    {
                        Namespace = run.Spec.Agent.Namespace!,
                        Name = run.Spec.Agent.Name,
                        Revision = run.Spec.Revision,
                        Track = JudgeTrack,
                    },
                    Upstreams =
                    [
                        new UpstreamConfig
                        {
                            Name = Judge,
                            Format = "OpenAI",
                            Url = judge.Url,
                            KeyFile = judge.Credentials is null ? null : $"{GuardrailPaths.KeysDirectory}/{Judge}/key",
                        },
                    ],
                    AllowedModels = [judge.Model],
                    Ephemeral = true,
                    Budget = new BudgetAuthority
                    {
                        Url = environment.GrantsUrl,
                        CaFile = GuardrailPaths.CaFile,
                        TokenFile = GuardrailPaths.Token,
                    },
                },
                environment,
                prices
            ),
        };

    /// <summary>The name of the ConfigMap of the guardrail in front of a judge.</summary>
    public static string JudgeConfigName(EvalRun run) => $"{run.Metadata.Name}-judge";

    private static JsonArray Owner(EvalRun run) =>
        new(
            new JsonObject
            {
                ["apiVersion"] = $"{Names.Group}/{Names.Version}",
                ["kind"] = EvalRun.EntityKind,
                ["name"] = run.Metadata.Name,
                ["uid"] = run.Metadata.Uid,
                ["controller"] = true,
                ["blockOwnerDeletion"] = false,
            }
        );

    // The runner finds the judge as an agent finds its models: through a guardrail that alone has the key, and that ends with the run.
    private static void AddJudge(JsonObject pod, EvalRun run, JudgeSpec judge, OperatorEnvironment environment)
    {
        var runner = (JsonObject)((JsonArray)pod["containers"]!)[0]!;
        foreach (
            var (name, value) in new[]
            {
                (RunnerVariables.JudgeUrl, $"http://127.0.0.1:{GuardrailPorts.Egress}/{Judge}/v1"),
                (RunnerVariables.JudgeModel, judge.Model),
                (RunnerVariables.JudgeVotes, $"{judge.Votes ?? 1}"),
            }
        )
        {
            ((JsonArray)runner["env"]!).Add(Variable(name, value));
        }
        var calls = new AgentDeploymentSpec
        {
            Guardrails = new GuardrailsSpec
            {
                Upstreams =
                [
                    new Upstream
                    {
                        Name = Judge,
                        Format = UpstreamFormat.OpenAI,
                        Url = judge.Url,
                        Credentials = judge.Credentials,
                    },
                ],
            },
        };
        GuardrailSidecar.AddFirst(
            pod,
            GuardrailSidecar.Container(environment.GuardrailImage, environment.GuardrailResources, calls, drain: null),
            environment.Server.NativeSidecars
        );
        GuardrailSidecar.AddVolumes(pod, JudgeConfigName(run), calls);
        ((JsonArray)ReporterOf(pod)["env"]!).Add(
            Variable(RunnerVariables.GuardrailQuit, $"http://127.0.0.1:{GuardrailPorts.Admin}{GuardrailPaths.Quit}")
        );
    }

    private static JsonObject Builtin(
        EvalRun run,
        BuiltinSuite suite,
        JsonObject labels,
        string? casesDigest,
        string image,
        OperatorEnvironment environment
    )
    {
        var source = suite.Volume?.Path ?? suite.Cases!.Key;
        var isYaml = source.EndsWith(".yaml", StringComparison.Ordinal) || source.EndsWith(".yml", StringComparison.Ordinal);
        var file = suite.Volume?.Path ?? (isYaml ? "cases.yaml" : "cases.jsonl");
        var repeats = run.Spec.Repeats;
        var container = Container(
            Runner,
            image,
            "run",
            [
                (RunnerVariables.RunUid, run.Metadata.Uid),
                (RunnerVariables.CasesFile, $"{CasesDirectory}/{file}"),
                .. casesDigest is null ? [] : new[] { (RunnerVariables.CasesDigest, casesDigest) },
                (RunnerVariables.ResultsPath, $"{ResultsDirectory}/results.jsonl"),
                (RunnerVariables.Target, run.Spec.Target),
                (RunnerVariables.Parallelism, $"{suite.Parallelism ?? Defaults.BuiltinParallelism}"),
                (RunnerVariables.CaseTimeout, suite.CaseTimeout ?? Defaults.BuiltinCaseTimeout),
                (RunnerVariables.CriticalTags, string.Join(',', run.Spec.CriticalTags)),
                (RunnerVariables.MinScore, run.Spec.MinScore),
                (RunnerVariables.Confidence, run.Spec.Confidence),
                (RunnerVariables.MinCases, $"{run.Spec.MinCases}"),
                (RunnerVariables.RepeatsMin, $"{repeats?.Min ?? 1}"),
                (RunnerVariables.RepeatsMax, $"{repeats?.Max ?? 1}"),
                .. run.Spec.Chaos is { } chaos ? new[] { (RunnerVariables.ChaosPlan, chaos.Plan) } : [],
            ],
            RunnerUser
        );
        container["resources"] = suite.Resources?.DeepClone() ?? environment.RunnerResources.ToJson();
        container["volumeMounts"] = new JsonArray(
            new JsonObject
            {
                ["name"] = "cases",
                ["mountPath"] = CasesDirectory,
                ["readOnly"] = true,
            },
            Mount(readOnly: false)
        );
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
        pod["volumes"] = new JsonArray(
            suite.Volume is { } volume
                ? new JsonObject
                {
                    ["name"] = "cases",
                    ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = volume.ClaimName, ["readOnly"] = true },
                }
                : new JsonObject
                {
                    ["name"] = "cases",
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = suite.Cases!.Name,
                        ["items"] = new JsonArray(new JsonObject { ["key"] = suite.Cases.Key, ["path"] = file }),
                    },
                }
        );
        var template = Template(run, [], pod, labels, $"{ResultsDirectory}/results.jsonl", casesDigest, image);
        if (suite.Judge is { } judge)
            AddJudge((JsonObject)template["spec"]!, run, judge, environment);
        return template;
    }

    // The template of the suite's author, changed only where the runner and our reporter share something.
    private static JsonObject Own(EvalRun run, JobSuite suite, JsonObject labels, string image)
    {
        var template = (JsonObject)suite.Template.DeepClone();
        var pod = (JsonObject)template["spec"]!;
        // A runner that talks to the API server asks for its token, which the service account must allow.
        if (pod["automountServiceAccountToken"] is null)
            pod["automountServiceAccountToken"] = false;
        var runner = (JsonObject)((JsonArray)pod["containers"]!)[0]!;
        var path = $"{ResultsDirectory}/{suite.ResultsFile ?? Defaults.JobResultsFile}";
        if (runner["env"] is not JsonArray variables)
            runner["env"] = variables = [];
        var index = 0;
        // First, so that the suite's own variables may refer to them as $(AGENT_URL).
        foreach (
            var (name, value) in new[]
            {
                (SuiteVariables.AgentUrl, run.Spec.Target),
                (SuiteVariables.RunId, run.Metadata.Uid),
                (SuiteVariables.Revision, run.Spec.Revision),
                (SuiteVariables.Repeats, $"{run.Spec.Repeats?.Max ?? 1}"),
                (SuiteVariables.ResultsPath, path),
            }
        )
        {
            variables.Insert(index++, Variable(name, value));
        }
        if (runner["volumeMounts"] is not JsonArray mounts)
            runner["volumeMounts"] = mounts = [];
        mounts.Add(Mount(readOnly: false));
        return Template(run, template["metadata"] as JsonObject ?? [], pod, labels, path, null, image);
    }

    private static JsonObject Template(
        EvalRun run,
        JsonObject metadata,
        JsonObject pod,
        JsonObject labels,
        string results,
        string? casesDigest,
        string image
    )
    {
        var reporter = Container(
            Reporter,
            image,
            "report",
            [
                (RunnerVariables.RunUid, run.Metadata.Uid),
                (RunnerVariables.ResultsPath, results),
                .. casesDigest is null ? [] : new[] { (RunnerVariables.CasesDigest, casesDigest) },
            ],
            PodUsers.Reporter
        );
        reporter["volumeMounts"] = new JsonArray(Mount(readOnly: true));
        ((JsonArray)pod["containers"]!).Add(reporter);
        pod["restartPolicy"] = "Never";
        // With a shared process namespace the reporter sees when the runner ends. It gets no other rights.
        pod["shareProcessNamespace"] = true;
        if (pod["volumes"] is not JsonArray volumes)
            pod["volumes"] = volumes = [];
        volumes.Add(
            new JsonObject
            {
                ["name"] = ResultsVolume,
                ["emptyDir"] = new JsonObject { ["sizeLimit"] = "1Gi" },
            }
        );
        var merged = (JsonObject)metadata.DeepClone();
        if (merged["labels"] is not JsonObject all)
            merged["labels"] = all = [];
        foreach (var (name, value) in labels)
            all[name] = value!.DeepClone();
        var own = pod.DeepClone();
        return new JsonObject { ["metadata"] = merged, ["spec"] = own };
    }

    private static JsonObject ReporterOf(JsonObject pod) =>
        (JsonObject)((JsonArray)pod["containers"]!).Single(container => container!["name"]!.GetValue<string>() == Reporter)!;

    private static JsonObject Container(
        string name,
        string image,
        string verb,
        IEnumerable<(string Name, string Value)> variables,
        int user
    ) =>
        new()
        {
            ["name"] = name,
            ["image"] = image,
            ["imagePullPolicy"] = "IfNotPresent",
            ["args"] = new JsonArray(verb),
            ["env"] = new JsonArray([
                .. variables.Append(("DOTNET_EnableDiagnostics", "0")).Select(entry => Variable(entry.Item1, entry.Item2)),
            ]),
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

    private static JsonObject Mount(bool readOnly) =>
        new()
        {
            ["name"] = ResultsVolume,
            ["mountPath"] = ResultsDirectory,
            ["readOnly"] = readOnly,
        };

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };
}
