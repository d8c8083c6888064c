using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Shared;
using k8s;
using k8s.Models;

namespace AgentReadiness.Controller.Tests;

/// <summary>The Job of a run: what runner and reporter get, and what neither gets.</summary>
public sealed class RunnerJobTests
{
    [Fact]
    public void Our_runner_gets_the_bar_and_the_cases_and_our_reporter_only_looks()
    {
        var pod = Pod(
            new EvalSuiteSpec
            {
                Builtin = new BuiltinSuite
                {
                    Cases = new KeyReference { Name = "cases", Key = "golden.yaml" },
                    Pod = new JsonObject { ["nodeSelector"] = new JsonObject { ["pool"] = "evals" } },
                    Resources = new JsonObject { ["limits"] = new JsonObject { ["memory"] = "1Gi" } },
                },
            },
            "digest"
        );
        var runner = Container(pod, "runner");
        Variable(runner, "CASES_FILE").ShouldBe("/agent-readiness/cases/cases.yaml");
        Variable(runner, "CASES_SHA256").ShouldBe("digest");
        Variable(runner, "RESULTS_PATH").ShouldBe("/agent-readiness/results/results.jsonl");
        (Variable(runner, "MIN_SCORE"), Variable(runner, "REPEATS_MIN"), Variable(runner, "REPEATS_MAX")).ShouldBe(("0.90", "2", "5"));
        runner["resources"]!["limits"]!["memory"]!.GetValue<string>().ShouldBe("1Gi");
        pod["nodeSelector"]!["pool"]!.GetValue<string>().ShouldBe("evals");
        pod["automountServiceAccountToken"]!.GetValue<bool>().ShouldBeFalse();

        var reporter = Container(pod, EvalSuiteRules.Reporter);
        reporter["args"]!.ToJsonString().ShouldBe("[\"report\"]");
        Variable(reporter, "RESULTS_PATH").ShouldBe("/agent-readiness/results/results.jsonl");
        ((JsonArray)reporter["volumeMounts"]!).ShouldHaveSingleItem()!["readOnly"]!.GetValue<bool>().ShouldBeTrue();
        reporter["securityContext"]!["runAsUser"]!.GetValue<int>().ShouldBe(PodUsers.Reporter);
        pod["shareProcessNamespace"]!.GetValue<bool>().ShouldBeTrue();
        pod["restartPolicy"]!.GetValue<string>().ShouldBe("Never");
    }

    [Fact]
    public void Cases_may_be_in_a_volume_that_only_the_runner_mounts()
    {
        var suite = new EvalSuiteSpec
        {
            Builtin = new BuiltinSuite
            {
                Volume = new CasesVolume
                {
                    ClaimName = "golden",
                    Path = "support/cases.yaml",
                    Version = "7",
                },
            },
        };
        EvalSuiteRules.Check(suite).ShouldBeEmpty();
        var pod = Pod(suite, null);
        var runner = Container(pod, "runner");
        Variable(runner, "CASES_FILE").ShouldBe("/agent-readiness/cases/support/cases.yaml");
        runner.ToJsonString().ShouldNotContain("CASES_SHA256");
        pod["volumes"]![0]!["persistentVolumeClaim"]!.ToJsonString().ShouldBe("""{"claimName":"golden","readOnly":true}""");
        Container(pod, EvalSuiteRules.Reporter).ToJsonString().ShouldNotContain("/agent-readiness/cases");

        var digest = SuiteDigest.Of(new EvalSuite { Spec = suite }, string.Empty);
        suite.Builtin.Volume.Version = "8";
        SuiteDigest.Of(new EvalSuite { Spec = suite }, string.Empty).ShouldNotBe(digest, "another version is another measurement");
    }

    [Fact]
    public void A_runner_of_ones_own_keeps_its_template_and_learns_where_to_measure_and_where_to_write()
    {
        var template = (JsonObject)
            JsonNode.Parse(
                """
                {"metadata": {"labels": {"team": "qa", "agentreadiness.dev/eval-run": "forged"}},
                 "spec": {"serviceAccountName": "runner", "restartPolicy": "Always", "futureField": {"kept": true},
                   "nodeSelector": {"pool": "evals"},
                  "containers": [{"name": "tool", "image": "tool:1", "env": [{"name": "TARGET", "value": "$(AGENT_URL)"}],
                    "envFrom": [{"secretRef": {"name": "judge"}}]}]}}
                """
            )!;
        var before = template.ToJsonString();
        var job = RunnerJob.Build(
            Run(),
            new EvalSuiteSpec
            {
                Job = new JobSuite { Template = template, ResultsFile = "out.xml" },
            },
            null,
            "image:1",
            Environment
        );
        template.ToJsonString().ShouldBe(before, "the suite is not changed");

        var whole = job["spec"]!["template"]!;
        whole["metadata"]!["labels"]!["team"]!.GetValue<string>().ShouldBe("qa");
        whole["metadata"]!["labels"]![Names.EvalRunLabel]!.GetValue<string>().ShouldBe("run-1");
        var pod = (JsonObject)whole["spec"]!;
        pod["futureField"]!["kept"]!.GetValue<bool>().ShouldBeTrue();
        pod["restartPolicy"]!.GetValue<string>().ShouldBe("Never");
        var tool = Container(pod, "tool");
        ((JsonArray)tool["env"]!)
            .Select(variable => variable!["name"]!.GetValue<string>())
            .ShouldBe(["AGENT_URL", "EVAL_RUN_ID", "EVAL_REVISION", "EVAL_REPEATS", "RESULTS_PATH", "TARGET"]);
        Variable(tool, "AGENT_URL").ShouldBe("http://support-candidate.shop.svc:80/");
        Variable(tool, "EVAL_RUN_ID").ShouldBe("run-uid");
        Variable(tool, "EVAL_REPEATS").ShouldBe("5");
        Variable(tool, "RESULTS_PATH").ShouldBe("/agent-readiness/results/out.xml");
        Variable(Container(pod, EvalSuiteRules.Reporter), "RESULTS_PATH").ShouldBe("/agent-readiness/results/out.xml");
        job["spec"]!["activeDeadlineSeconds"]!.GetValue<long>().ShouldBe(1800);
        job["spec"]!["backoffLimit"]!.GetValue<int>().ShouldBe(0);
    }

    [Theory]
    [InlineData("""{"hostNetwork": true, "containers": [{"name": "a"}]}""", "spec.job.template.spec.hostNetwork")]
    [InlineData("""{"hostPID": true, "containers": [{"name": "a"}]}""", "spec.job.template.spec.hostPID")]
    [InlineData("""{"shareProcessNamespace": false, "containers": [{"name": "a"}]}""", "spec.job.template.spec.shareProcessNamespace")]
    [InlineData("""{"containers": []}""", "spec.job.template.spec.containers")]
    [InlineData("""{"containers": [{"name": "agent-readiness-reporter"}]}""", "spec.job.template.spec.containers[0].name")]
    [InlineData(
        """{"containers": [{"name": "a", "securityContext": {"privileged": true}}]}""",
        "spec.job.template.spec.containers[0].securityContext.privileged"
    )]
    [InlineData(
        """{"containers": [{"name": "a", "securityContext": {"runAsUser": 64081}}]}""",
        "spec.job.template.spec.containers[0].securityContext.runAsUser"
    )]
    public void A_template_that_would_get_its_author_more_than_a_pod_is_refused_by_its_field(string pod, string field) =>
        EvalSuiteRules
            .Check(new EvalSuiteSpec { Job = new JobSuite { Template = new JsonObject { ["spec"] = JsonNode.Parse(pod) } } })
            .ShouldHaveSingleItem()
            .Field.ShouldBe(field);

    [Theory]
    [InlineData("{}", 1860)]
    [InlineData("""{"activeDeadlineSeconds": 60}""", 60)]
    [InlineData("""{"activeDeadlineSeconds": 90000}""", 1860)]
    [InlineData("""{"activeDeadlineSeconds": null}""", 1860)]
    public void The_kubelet_ends_a_runner_a_minute_after_the_deadline_or_at_a_sooner_one_of_its_own(string fields, long seconds)
    {
        var pod = (JsonObject)JsonNode.Parse(fields)!;
        pod["containers"] = new JsonArray(new JsonObject { ["name"] = "tool" });
        var job = RunnerJob.Build(
            Run(),
            new EvalSuiteSpec { Job = new JobSuite { Template = new JsonObject { ["spec"] = pod } } },
            null,
            "image:1",
            Environment
        );
        job["spec"]!["template"]!["spec"]!["activeDeadlineSeconds"]!.GetValue<long>().ShouldBe(seconds);
    }

    [Theory]
    [InlineData("{}", false)]
    [InlineData("""{"automountServiceAccountToken": null}""", false)]
    [InlineData("""{"automountServiceAccountToken": true}""", true)]
    public void A_runner_has_no_token_unless_it_asks(string fields, bool mounted)
    {
        var pod = (JsonObject)JsonNode.Parse(fields)!;
        pod["containers"] = new JsonArray(new JsonObject { ["name"] = "tool" });
        var suite = new EvalSuiteSpec { Job = new JobSuite { Template = new JsonObject { ["spec"] = pod } } };
        var made = RunnerJob.Build(Run(), suite, null, "image:1", Environment)["spec"]!["template"]!["spec"]!;
        made["automountServiceAccountToken"]!.GetValue<bool>().ShouldBe(mounted);
    }

    [Fact]
    public void A_suite_is_one_of_three_and_names_who_may_submit()
    {
        EvalSuiteRules.Check(new EvalSuiteSpec()).ShouldHaveSingleItem().Message.ShouldContain("exactly one of builtin, job and external");
        EvalSuiteRules
            .Check(
                new EvalSuiteSpec
                {
                    Builtin = new BuiltinSuite
                    {
                        Cases = new KeyReference { Name = "cases", Key = "k" },
                    },
                    External = new ExternalSuite { ServiceAccounts = [new NamespacedReference { Name = "ci" }] },
                }
            )
            .ShouldHaveSingleItem()
            .Message.ShouldContain("exactly one");
        EvalSuiteRules
            .Check(new EvalSuiteSpec { External = new ExternalSuite() })
            .ShouldHaveSingleItem()
            .Field.ShouldBe("spec.external.serviceAccounts");
        BuiltinSuite Sound() =>
            new()
            {
                Cases = new KeyReference { Name = "cases", Key = "cases.jsonl" },
            };
        EvalSuiteRules.Check(new EvalSuiteSpec { Builtin = Sound() }).ShouldBeEmpty();
        var odd = Sound();
        odd.Pod = new JsonObject { ["hostNetwork"] = true };
        EvalSuiteRules.Check(new EvalSuiteSpec { Builtin = odd }).ShouldHaveSingleItem().Field.ShouldBe("spec.builtin.pod.hostNetwork");
        EvalSuiteRules
            .Check(new EvalSuiteSpec { Builtin = new BuiltinSuite() })
            .ShouldHaveSingleItem()
            .Message.ShouldContain("either cases or volume");
        var both = Sound();
        both.Volume = new CasesVolume
        {
            ClaimName = "golden",
            Path = "../etc/passwd",
            Version = "1",
        };
        EvalSuiteRules
            .Check(new EvalSuiteSpec { Builtin = both })
            .Select(problem => problem.Field)
            .ShouldBe(["spec.builtin", "spec.builtin.volume.path"]);
    }

    [Theory]
    [InlineData("evals/job.yaml", EvalKind.Job)]
    [InlineData("evals/external.yaml", EvalKind.External)]
    [InlineData("support/cases.yaml", EvalKind.Builtin)]
    public void The_samples_break_no_rule(string file, EvalKind kind)
    {
        var suite = KubernetesYaml
            .LoadAllFromString(
                File.ReadAllText(Repository.PathOf("docs", "samples", file)),
                new Dictionary<string, Type>
                {
                    ["v1/ConfigMap"] = typeof(V1ConfigMap),
                    ["v1/Namespace"] = typeof(V1Namespace),
                    ["agentreadiness.dev/v1alpha1/EvalSuite"] = typeof(SuiteShape),
                },
                strict: true
            )
            .OfType<SuiteShape>()
            .ShouldHaveSingleItem();
        var spec = k8s.KubernetesJson.Deserialize<EvalSuiteSpec>(k8s.KubernetesJson.Serialize(suite.Spec));
        EvalSuiteRules.Check(spec).ShouldBeEmpty();
        EvalPlan.KindOf(spec).ShouldBe(kind);
    }

    private sealed class SuiteShape : k8s.IKubernetesObject
    {
        public string ApiVersion { get; set; } = string.Empty;

        public string Kind { get; set; } = string.Empty;

        public V1ObjectMeta? Metadata { get; set; }

        public Dictionary<string, object> Spec { get; set; } = [];
    }

    [Fact]
    public void A_judge_is_reached_through_a_guardrail_that_alone_has_its_key_and_ends_with_the_run()
    {
        var judge = new JudgeSpec
        {
            Url = "https://judge.example/v1",
            Model = "gpt-5.4",
            Votes = 3,
            Credentials = new UpstreamCredentials
            {
                SecretRef = new KeyReference { Name = "judge-key", Key = "api-key" },
            },
        };
        var pod = Pod(
            new EvalSuiteSpec
            {
                Builtin = new BuiltinSuite
                {
                    Cases = new KeyReference { Name = "cases", Key = "cases.jsonl" },
                    Judge = judge,
                },
            },
            "digest"
        );
        ((JsonArray)pod["containers"]!)
            .Select(container => container!["name"]!.GetValue<string>())
            .ShouldBe([Names.GuardrailContainer, "runner", EvalSuiteRules.Reporter]);
        var runner = Container(pod, "runner");
        (Variable(runner, "JUDGE_URL"), Variable(runner, "JUDGE_MODEL"), Variable(runner, "JUDGE_VOTES")).ShouldBe(
            ("http://127.0.0.1:15080/judge/v1", "gpt-5.4", "3")
        );
        Variable(Container(pod, EvalSuiteRules.Reporter), "GUARDRAIL_QUIT").ShouldBe("http://127.0.0.1:15082/quit");
        foreach (var other in new[] { runner, Container(pod, EvalSuiteRules.Reporter) })
            other.ToJsonString().ShouldNotContain("agent-readiness-key-judge");
        Container(pod, Names.GuardrailContainer).ToJsonString().ShouldContain("agent-readiness-key-judge");

        var config = RunnerJob.JudgeConfig(Run(), judge, Environment, null);
        ((JsonObject)config["data"]!).ContainsKey("prices.json").ShouldBeFalse();
        RunnerJob.JudgeConfig(Run(), judge, Environment, new GuardrailPrices("{}", "digest"))["data"]!["prices.json"]!
            .GetValue<string>()
            .ShouldBe("{}", "a judge costs what agents' calls cost");
        var written = config["data"]!["config.json"]!.GetValue<string>();
        written.ShouldContain("\"ephemeral\":true");
        written.ShouldNotContain("judge-key");
        config["metadata"]!["ownerReferences"]![0]!["uid"]!.GetValue<string>().ShouldBe("run-uid");
    }

    private static readonly OperatorEnvironment Environment = new(
        "guardrail:1",
        "https://grants",
        "CA",
        new ServerFeatures(false, DisruptionView.Resource("v1"), EndpointsView.Slices("v1")),
        ["platform"]
    );

    private static JsonObject Pod(EvalSuiteSpec suite, string? digest) =>
        (JsonObject)RunnerJob.Build(Run(), suite, digest, "image:1", Environment)["spec"]!["template"]!["spec"]!;

    private static JsonObject Container(JsonObject pod, string name) =>
        (JsonObject)((JsonArray)pod["containers"]!).Single(container => container!["name"]!.GetValue<string>() == name)!;

    private static string Variable(JsonObject container, string name) =>
        ((JsonArray)container["env"]!).Single(variable => variable!["name"]!.GetValue<string>() == name)!["value"]!.GetValue<string>();

    private static EvalRun Run() =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = "run-1",
                NamespaceProperty = "evals",
                Uid = "run-uid",
            },
            Spec = new EvalRunSpec
            {
                Agent = new NamespacedReference { Namespace = "shop", Name = "support" },
                Revision = "abc",
                Target = "http://support-candidate.shop.svc:80/",
                MinScore = "0.90",
                MinCases = 10,
                Deadline = "30m",
                Repeats = new EvalRepeats { Min = 2, Max = 5 },
            },
        };
}
