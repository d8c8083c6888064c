using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Readiness;

namespace AgentReadiness.Api.Tests;

public sealed class RulesTests
{
    [Fact]
    public void A_sound_agent_breaks_no_rule() => AgentDeploymentRules.Check(Sound()).ShouldBeEmpty();

    [Theory]
    [InlineData("hostNetwork", "spec.template.spec.hostNetwork")]
    [InlineData("hostPID", "spec.template.spec.hostPID")]
    [InlineData("shareProcessNamespace", "spec.template.spec.shareProcessNamespace")]
    public void A_pod_that_could_reach_the_key_is_refused(string flag, string field) =>
        Problems(agent => agent.Spec.Template["spec"]![flag] = true).ShouldContain(problem => problem.Field == field);

    [Theory]
    [InlineData(
        """{"env":[{"name":"K","valueFrom":{"secretKeyRef":{"name":"openai","key":"k"}}}]}""",
        "containers[0].env[0].valueFrom.secretKeyRef.name"
    )]
    [InlineData("""{"envFrom":[{"secretRef":{"name":"openai"}}]}""", "containers[0].envFrom[0].secretRef.name")]
    [InlineData("""{"env":[{"name":"OPENAI_BASE_URL","value":"https://api.openai.com"}]}""", "containers[0].env[0].name")]
    [InlineData("""{"securityContext":{"runAsUser":64080}}""", "containers[0].securityContext.runAsUser")]
    [InlineData("""{"securityContext":{"privileged":true}}""", "containers[0].securityContext.privileged")]
    [InlineData("""{"securityContext":{"capabilities":{"add":["NET_ADMIN"]}}}""", "containers[0].securityContext.capabilities.add[0]")]
    [InlineData("""{"name":"agent-readiness-guardrail"}""", "containers[0].name")]
    [InlineData("""{"volumeMounts":[{"name":"agent-readiness-journal","mountPath":"/j"}]}""", "containers[0].volumeMounts[0].name")]
    [InlineData(
        """{"volumeMounts":[{"name":"mine","mountPath":"/m"},{"name":"agent-readiness-key-openai","mountPath":"/k"}]}""",
        "containers[0].volumeMounts[1].name"
    )]
    public void A_container_that_goes_around_the_guardrail_is_refused(string container, string field) =>
        Problems(agent =>
            {
                foreach (var (name, value) in (JsonObject)JsonNode.Parse(container)!)
                    agent.Spec.Template["spec"]!["containers"]![0]![name] = value?.DeepClone();
            })
            .ShouldContain(problem => problem.Field == "spec.template.spec." + field);

    [Theory]
    [InlineData("model", "is taken")]
    [InlineData("run", "is taken")]
    [InlineData("revision", "is taken")]
    [InlineData("Customer", "must be a lower-case letter")]
    [InlineData("a b", "must be a lower-case letter")]
    [InlineData("feature", "is there twice")]
    public void A_tag_of_a_name_that_cannot_be_is_refused_by_its_field(string name, string why)
    {
        var problem = Problems(agent => agent.Spec.Budget = new BudgetSpec { Attribution = ["feature", name] }).ShouldHaveSingleItem();
        (problem.Field, problem.Message).ShouldSatisfyAllConditions(
            found => found.Field.ShouldBe("spec.budget.attribution[1]"),
            found => found.Message.ShouldContain(why)
        );
    }

    [Theory]
    [InlineData("otel:4318")]
    [InlineData("ftp://otel")]
    [InlineData("http://user@otel:4318")]
    [InlineData("http://otel:4318?token=x")]
    [InlineData("")]
    public void A_collector_that_cannot_be_reached_is_refused_by_its_field(string endpoint) =>
        Problems(agent => agent.Spec.Telemetry = new TelemetrySpec { Otlp = new OtlpSpec { Endpoint = endpoint } })
            .ShouldHaveSingleItem()
            .Field.ShouldBe("spec.telemetry.otlp.endpoint");

    [Fact]
    public void Neither_tags_nor_a_collector_make_another_revision()
    {
        var (plain, told) = (Sound(), Sound());
        told.Spec.Telemetry = new TelemetrySpec { Otlp = new OtlpSpec { Endpoint = "https://otel.example:4318/v2" } };
        told.Spec.Budget = new BudgetSpec { Attribution = ["feature"] };
        AgentDeploymentRules.Check(told).ShouldBeEmpty();
        Revisions
            .Revision.Compute(told.Spec, new Dictionary<string, string>())
            .ShouldBe(Revisions.Revision.Compute(plain.Spec, new Dictionary<string, string>()));
    }

    [Fact]
    public void Spend_may_be_told_apart_without_a_cap()
    {
        Problems(agent => agent.Spec.Budget = new BudgetSpec { Attribution = ["feature", "customer.tier", "a_b-c"] }).ShouldBeEmpty();
        Problems(agent => agent.Spec.Budget = new BudgetSpec { Attribution = ["a", "b", "c", "d", "e"] })
            .ShouldHaveSingleItem()
            .Field.ShouldBe("spec.budget.attribution");
    }

    [Fact]
    public void A_limit_of_a_run_that_cannot_be_used_is_named()
    {
        string[] fields =
        [
            "spec.budget.perCall.maxCost",
            "spec.budget.perRun.maxCost",
            "spec.budget.perRun.maxTokens",
            "spec.budget.perRun.maxSteps",
            "spec.budget.perRun.maxToolCalls",
            "spec.budget.perRun.maxRepeats",
            "spec.budget.perRun.maxDuration",
            "spec.budget.perPod.requestsPerMinute",
            "spec.budget.perPod.tokensPerMinute",
            "spec.reliability.modelCall.attempts",
            "spec.reliability.modelCall.eventTimeout",
            "spec.reliability.toolCall.timeout",
        ];
        Problems(agent =>
            {
                agent.Spec.Budget = new BudgetSpec
                {
                    PerCall = new PerCallSpec { MaxCost = "-1" },
                    PerRun = new PerRunSpec
                    {
                        MaxCost = "cheap",
                        MaxTokens = 0,
                        MaxSteps = 0,
                        MaxToolCalls = 0,
                        MaxRepeats = 0,
                        MaxDuration = "10ms",
                    },
                    PerPod = new PerPodSpec { RequestsPerMinute = 0, TokensPerMinute = 0 },
                };
                agent.Spec.Reliability = new ReliabilitySpec
                {
                    ModelCall = new CallSpec { Attempts = 0, EventTimeout = "0s" },
                    ToolCall = new ToolCallSpec { Timeout = "soon" },
                };
            })
            .Select(problem => problem.Field)
            .ShouldBe(fields, ignoreOrder: true);
        Problems(agent => agent.Spec.Budget = new BudgetSpec()).ShouldHaveSingleItem().Field.ShouldBe("spec.budget");
        Problems(agent => agent.Spec.Budget = new BudgetSpec { PerRun = new PerRunSpec { MaxSteps = 5 } }).ShouldBeEmpty();
    }

    [Fact]
    public void A_time_zone_that_the_database_does_not_have_is_named()
    {
        Problems(agent => agent.Spec.Budget!.TimeZone = "Europe/Berlin").ShouldBeEmpty();
        var problem = Problems(agent => agent.Spec.Budget!.TimeZone = "Europe/Atlantis").ShouldHaveSingleItem();
        problem.Field.ShouldBe("spec.budget.timeZone");
        problem.Message.ShouldMatch(
            "^\"Europe/Atlantis\" must be a time zone by its IANA name, .* \\(20[0-9]{2}[a-z]\\) .* for example \"Europe/Berlin\" or "
                + "\"UTC\"$"
        );
    }

    [Fact]
    public void The_schema_lets_every_time_zone_pass()
    {
        TimeZones.Names.Count().ShouldBeGreaterThan(400);
        TimeZones.Names.ShouldAllBe(name =>
            name.Length <= TimeZones.MaxLength && System.Text.RegularExpressions.Regex.IsMatch(name, TimeZones.Pattern)
        );
        TimeZones.TryFind(Defaults.BudgetTimeZone, out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{"name":"v","secret":{"secretName":"openai"}}""", "secret.secretName")]
    [InlineData("""{"name":"v","projected":{"sources":[{"secret":{"name":"openai"}}]}}""", "projected.sources[0].secret.name")]
    [InlineData(
        """{"name":"v","projected":{"sources":[{"serviceAccountToken":{"audience":"agentreadiness.dev/grants","path":"t"}}]}}""",
        "projected.sources[0].serviceAccountToken.audience"
    )]
    [InlineData("""{"name":"agent-readiness-x","emptyDir":{}}""", "name")]
    public void A_volume_with_the_key_or_the_token_is_refused(string volume, string field) =>
        Problems(agent => agent.Spec.Template["spec"]!["volumes"] = new JsonArray(JsonNode.Parse(volume)))
            .ShouldContain(problem => problem.Field == "spec.template.spec.volumes[0]." + field);

    [Theory]
    [InlineData("""{"strategy":"Canary"}""", "steps")]
    [InlineData("""{"steps":[{"percent":10,"hold":"1m"}]}""", "steps")]
    [InlineData("""{"strategy":"Canary","steps":[{"percent":0,"hold":"1m"}]}""", "steps[0].percent")]
    [InlineData("""{"strategy":"Canary","steps":[{"percent":100,"hold":"1m"}]}""", "steps[0].percent")]
    [InlineData("""{"strategy":"Canary","steps":[{"percent":50,"hold":"1m"},{"percent":20,"hold":"1m"}]}""", "steps[1].percent")]
    [InlineData("""{"strategy":"Canary","steps":[{"percent":10}]}""", "steps[0].hold")]
    [InlineData("""{"strategy":"Canary","steps":[{"percent":10,"hold":"later"}]}""", "steps[0].hold")]
    [InlineData("""{"approvalTimeout":"0s"}""", "approvalTimeout")]
    [InlineData("""{"rollbackWindow":"a week"}""", "rollbackWindow")]
    [InlineData("""{"decision":{"revision":"latest","action":"Promote"}}""", "decision.revision")]
    [InlineData("""{"decision":{"revision":"0123456789abcde","action":"Retry","attempt":0}}""", "decision.attempt")]
    public void A_rollout_that_cannot_be_carried_out_is_refused(string rollout, string field) =>
        Problems(agent => agent.Spec.Rollout = k8s.KubernetesJson.Deserialize<RolloutSpec>(rollout))
            .ShouldContain(problem => problem.Field == "spec.rollout." + field);

    [Theory]
    [InlineData("1", true)]
    [InlineData("25%", true)]
    [InlineData("100%", true)]
    [InlineData("101%", false)]
    [InlineData("-1", false)]
    [InlineData("half", false)]
    public void A_disruption_budget_is_a_number_or_a_percentage(string value, bool sound) =>
        Problems(agent => agent.Spec.PodDisruptionBudget = new DisruptionSpec { MaxUnavailable = value }).Any().ShouldBe(!sound);

    [Fact]
    public void Every_spoilt_field_is_named()
    {
        var problems = Problems(agent =>
            {
                agent.Metadata.Name = "Not-A-Label-Not-A-Label-Not-A-Label-Not-A-Label";
                agent.Spec.Ports[0].TargetPort = 15080;
                agent.Spec.Evals[0].MinScore = "1.5";
                agent.Spec.Evals[0].Confidence = "1";
                agent.Spec.Evals[0].Deadline = "soon";
                agent.Spec.Budget!.Windows[0].MaxCost = "-1";
                agent.Spec.Rollout = new RolloutSpec { Drain = "x", ProgressDeadline = "1s" };
                agent.Spec.Guardrails!.Upstreams.Add(new Upstream { Name = "openai", Url = "https://user@host/v1" });
            })
            .Select(problem => problem.Field);

        problems.ShouldBe([
            "metadata.name",
            "spec.ports[0].targetPort",
            "spec.rollout.drain",
            "spec.rollout.progressDeadline",
            "spec.evals[0].minScore",
            "spec.evals[0].confidence",
            "spec.evals[0].deadline",
            "spec.budget.windows[0].maxCost",
            "spec.guardrails.upstreams[1].name",
            "spec.guardrails.upstreams[1].url",
        ]);
    }

    [Fact]
    public void A_template_of_nonsense_is_named_and_throws_nothing()
    {
        foreach (
            var text in (string[])
                [
                    "{}",
                    """{"spec":5}""",
                    """{"spec":{"containers":[]}}""",
                    """{"spec":{"containers":[5,null]}}""",
                    """{"spec":{"containers":[{}],"volumes":[7],"initContainers":"x"}}""",
                ]
        )
            Should.NotThrow(() => Problems(agent => agent.Spec.Template = (JsonObject)JsonNode.Parse(text)!));
        Problems(agent => agent.Spec.Template = []).ShouldContain(problem => problem.Field == "spec.template.spec.containers");
    }

    private static IReadOnlyList<Finding> Problems(Action<AgentDeployment> spoil)
    {
        var agent = Sound();
        spoil(agent);
        return AgentDeploymentRules.Check(agent);
    }

    private static AgentDeployment Sound()
    {
        var agent = new AgentDeployment();
        agent.Metadata.Name = "support";
        agent.Spec = new AgentDeploymentSpec
        {
            Template = (JsonObject)JsonNode.Parse("""{"spec":{"containers":[{"name":"agent","image":"agent:1"}]}}""")!,
            Ports =
            [
                new AgentPort
                {
                    Name = "http",
                    Port = 80,
                    TargetPort = 8080,
                },
            ],
            Evals =
            [
                new EvalRequirement
                {
                    Suite = new NamespacedReference { Name = "golden" },
                    MinScore = "0.90",
                    Confidence = "0.95",
                },
            ],
            Budget = new BudgetSpec { Windows = [new BudgetWindow { MaxCost = "50" }] },
            Guardrails = new GuardrailsSpec
            {
                Upstreams =
                [
                    new Upstream
                    {
                        Name = "openai",
                        Url = "https://provider/v1",
                        Credentials = new UpstreamCredentials
                        {
                            SecretRef = new KeyReference { Name = "openai", Key = "api-key" },
                        },
                    },
                ],
            },
        };
        return agent;
    }
}
