using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Shared;
using CsCheck;
using k8s;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// Whoever may write AgentDeployments alone gets no ServiceAccount, Secret or claim of the namespace that its owner does not lend, and
/// sends no key where its owner does not want it.
/// </summary>
public sealed class LendingTests
{
    private readonly SimulatedCluster cluster = new();

    /// <summary>A member of the pod, its value, the field that is refused, and the object that would have to be lent.</summary>
    public static TheoryData<string, string, string, string> Borrowed { get; } =
        new()
        {
            { "serviceAccountName", "\"builder\"", "spec.template.spec.serviceAccountName", "builder" },
            { "serviceAccount", "\"builder\"", "spec.template.spec.serviceAccount", "builder" },
            { "automountServiceAccountToken", "true", "spec.template.spec.automountServiceAccountToken", "default" },
            {
                "volumes",
                """[{"name":"t","projected":{"sources":[{"serviceAccountToken":{"path":"token"}}]}}]""",
                "spec.template.spec.volumes[0].projected.sources[0].serviceAccountToken",
                "default"
            },
            { "volumes", """[{"name":"s","secret":{"secretName":"db"}}]""", "spec.template.spec.volumes[0].secret.secretName", "db" },
            {
                "volumes",
                """[{"name":"s","projected":{"sources":[{"downwardAPI":{}},{"secret":{"name":"db"}}]}}]""",
                "spec.template.spec.volumes[0].projected.sources[1].secret.name",
                "db"
            },
            { "imagePullSecrets", """[{"name":"registry"}]""", "spec.template.spec.imagePullSecrets[0].name", "registry" },
            {
                "initContainers",
                """[{"name":"i","envFrom":[{"secretRef":{"name":"db","optional":true}}]}]""",
                "spec.template.spec.initContainers[0].envFrom[0].secretRef.name",
                "db"
            },
            {
                "containers",
                """[{"name":"a","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"db","key":"k"}}}]}]""",
                "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name",
                "db"
            },
            {
                "volumes",
                """[{"name":"c","persistentVolumeClaim":{"claimName":"others"}}]""",
                "spec.template.spec.volumes[0].persistentVolumeClaim",
                "others"
            },
        };

    [Theory]
    [MemberData(nameof(Borrowed))]
    public void A_template_has_of_its_namespace_what_is_lent(string member, string value, string field, string name)
    {
        cluster.Claims["others"] = ["ReadWriteMany"];
        cluster.Agent.Spec.Template["spec"]![member] = JsonNode.Parse(value);
        cluster.Settle();

        var ready = cluster.Condition(ConditionTypes.Ready)!;
        (ready.Status, ready.Reason).ShouldBe(("False", Reasons.NotLent));
        ready.Message.ShouldStartWith($"{field}: ");
        ready.Message.ShouldContain($"shop/{name}");
        ready.Message.ShouldContain(Names.UsableByAgentsLabel);
        cluster.Deployments.ShouldBeEmpty();

        cluster.Lent.Add(name);
        cluster.PromoteDeclared();
    }

    [Theory]
    [InlineData("runtimeClassName")]
    [InlineData("priorityClassName")]
    public void Classes_are_the_platform_teams_to_list(string member)
    {
        var template = (JsonObject)JsonNode.Parse($$"""{"spec":{"{{member}}":"system-cluster-critical"} }""")!;
        LendingRules
            .Template("shop", template, "spec.template", new LentObjects(), new AuthorRights())
            .ShouldStartWith($"spec.template.spec.{member}: ");
        var rights = new AuthorRights { RuntimeClasses = ["system-cluster-critical"], PriorityClasses = ["system-cluster-critical"] };
        LendingRules.Template("shop", template, "spec.template", new LentObjects(), rights).ShouldBeNull();
    }

    [Theory]
    [InlineData("sidecar.istio.io/userVolume", false)]
    [InlineData("sidecar.istio.io/inject", true)]
    [InlineData("linkerd.io/inject", true)]
    [InlineData("linkerd.io.evil.example/inject", false)]
    [InlineData("vault.hashicorp.com/agent-inject", false)]
    [InlineData("SIDECAR.istio.io/inject", false)]
    [InlineData("a/b/c", false)]
    [InlineData("note", true)]
    [InlineData("checksum/config", true)]
    [InlineData("prometheus.io/scrape", true)]
    public void An_annotation_that_nobody_listed_is_not_set(string annotation, bool passes)
    {
        var rights = new AuthorRights { Annotations = ["sidecar.istio.io/inject", "linkerd.io/*"] };
        var metadata = new JsonObject { ["annotations"] = new JsonObject { [annotation] = "x" } };
        var template = new JsonObject { ["metadata"] = metadata };
        var claim = (JsonObject)JsonNode.Parse("""{"spec":{"volumes":[{},{"ephemeral":{"volumeClaimTemplate":{}}}]}}""")!;
        claim["spec"]!["volumes"]![1]!["ephemeral"]!["volumeClaimTemplate"]!["metadata"] = metadata.DeepClone();

        var refused = LendingRules.Template("shop", template, "spec.template", new LentObjects(), rights);
        var refusedClaim = LendingRules.Template("shop", claim, "spec.template", new LentObjects(), rights);
        if (passes)
        {
            refused.ShouldBeNull();
            refusedClaim.ShouldBeNull();
            return;
        }
        refused.ShouldNotBeNull().ShouldStartWith($"spec.template.metadata.annotations[{annotation}]: ");
        refusedClaim
            .ShouldNotBeNull()
            .ShouldStartWith($"spec.template.spec.volumes[1].ephemeral.volumeClaimTemplate.metadata.annotations[{annotation}]: ");
    }

    [Fact]
    public void No_annotation_passes_that_is_not_on_a_list() =>
        Gen.Select(Gen.String[Gen.Char["abio./-*k8s"], 0, 12], Gen.String[Gen.Char["ab*"], 0, 3])
            .Sample(
                (name, entry) =>
                {
                    var allowed = new[] { $"io.{entry}/*", $"ab/{entry}" };
                    var template = (JsonObject)
                        JsonNode.Parse(
                            new JsonObject
                            {
                                ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [name] = "x" } },
                            }.ToJsonString()
                        )!;
                    var refused = LendingRules.Template("n", template, "t", new LentObjects(), new AuthorRights { Annotations = allowed });
                    var known =
                        !name.Contains('.') && !name.Contains('/')
                        || name == allowed[1]
                        || name.StartsWith($"io.{entry}/", StringComparison.Ordinal);
                    return (refused is null) == known;
                }
            );

    [Fact]
    public void A_key_is_sent_where_its_owner_says()
    {
        cluster.Agent.Spec.Guardrails = Keyed("openai", "https://evil.example/v1");
        cluster.Settle();
        var unknown = cluster.Condition(ConditionTypes.Ready)!;
        unknown.Reason.ShouldBe(Reasons.NotLent);
        unknown.Message.ShouldStartWith("spec.guardrails.upstreams[0].credentials.secretRef.name: ");
        unknown.Message.ShouldContain(Names.HostsAnnotation);

        // A label that lends a Secret to templates is no word about hosts.
        cluster.Lent.Add("openai");
        cluster.Settle();
        cluster.Hosts["openai"] = "api.openai.com";
        cluster.Settle();
        cluster.Condition(ConditionTypes.Ready)!.Message.ShouldBe(unknown.Message, "one cannot ask which Secrets there are");
        cluster.Deployments.ShouldBeEmpty();

        cluster.Agent.Spec.Guardrails = Keyed("openai", "https://api.openai.com/v1");
        cluster.PromoteDeclared();
    }

    [Theory]
    [InlineData("https://api.openai.com/v1", null, false, true)]
    [InlineData("https://api.openai.com/v1", "http://proxy.evil.example:3128", false, true)]
    [InlineData("https://api.openai.com/v1", "http://proxy.evil.example:3128", true, false)]
    [InlineData("http://provider.shop.svc/v1", "http://proxy.evil.example:3128", false, false)]
    [InlineData("https://api.openai.com/v1", "http://proxy.corp:3128", true, true)]
    public void A_proxy_that_could_see_the_key_is_a_host_that_it_is_sent_to(string url, string? proxy, bool authority, bool allowed)
    {
        cluster.Hosts["openai"] = "api.openai.com, http://provider.shop.svc, http://proxy.corp:3128";
        cluster.Agent.Spec.Guardrails = Keyed("openai", url);
        var upstream = cluster.Agent.Spec.Guardrails.Upstreams[0];
        (upstream.Proxy, upstream.Insecure) = (proxy, true);
        if (authority)
            upstream.CaConfigMapRef = new KeyReference { Name = "ca", Key = "ca.crt" };
        cluster.Settle();
        (cluster.Condition(ConditionTypes.Ready)!.Reason == Reasons.NotLent).ShouldBe(!allowed);
    }

    [Fact]
    public void What_served_before_its_owner_was_asked_goes_on_but_takes_no_other_Secret()
    {
        cluster.Agent.Spec.Template["spec"]!["serviceAccountName"] = "builder";
        cluster.Agent.Spec.Guardrails = Keyed("openai", "https://evil.example/v1");
        cluster.Lent.Add("builder");
        cluster.Hosts["openai"] = "evil.example";
        var good = cluster.PromoteDeclared();

        // As after an upgrade from an operator that asked nobody.
        cluster.Lent.Clear();
        cluster.Hosts.Clear();
        cluster.Settle().ShouldBe(0);
        cluster.Condition(ConditionTypes.Ready)!.Status.ShouldBe("True");

        // The Secret is no part of a revision.
        cluster.Agent.Spec.Guardrails = Keyed("database", "https://evil.example/v1");
        cluster.Declared.ShouldBe(good);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Ready)!.Reason.ShouldBe(Reasons.NotLent);
        cluster.Served.ShouldBe(good);
        cluster.Deployments[$"support-{good}"].Keys.ShouldBe(["openai=openai"]);
    }

    [Fact]
    public void A_suite_of_another_namespace_that_does_not_allow_this_one_is_told_as_one_that_is_not_there()
    {
        var suite = cluster.Suite!;
        cluster.Suite = null;
        cluster.Settle();
        var missing = cluster.Condition(ConditionTypes.Ready)!;
        missing.Reason.ShouldBe(Reasons.SuiteNotFound);

        cluster.Suite = suite;
        suite.Spec.AllowedNamespaces = ["other"];
        suite.Spec.Attempts = 99;
        cluster.Settle();
        var hidden = cluster.Condition(ConditionTypes.Ready)!;
        (hidden.Reason, hidden.Message).ShouldBe((missing.Reason, missing.Message));

        suite.Faults = ["spec.builtin: cannot be read"];
        cluster.Settle();
        cluster.Condition(ConditionTypes.Ready)!.Message.ShouldBe(missing.Message);
    }

    [Fact]
    public void No_account_passes_but_default_and_those_that_are_lent() =>
        Gen.Select(Gen.Char["abcdefltuDEFAULT-.0 "].Array[1, 12].Select(letters => new string(letters)), Gen.Bool)
            .Sample(
                (name, old) =>
                {
                    var template = new JsonObject { ["spec"] = new JsonObject { [old ? "serviceAccount" : "serviceAccountName"] = name } };
                    var lent = new LentObjects { Accounts = new HashSet<string> { "lent" } };
                    if (name is not ("default" or "lent") && LendingRules.Template("shop", template, "t", lent, new AuthorRights()) is null)
                        throw new InvalidOperationException($"\"{name}\" passes");
                }
            );

    /// <summary>A suite, the field that is refused, and the object that would have to be lent.</summary>
    public static TheoryData<string, string, string> BorrowedBySuites { get; } =
        new()
        {
            { """{"builtin":{"pod":{"serviceAccountName":"builder"}}}""", "spec.builtin.pod.serviceAccountName", "builder" },
            {
                """{"builtin":{"pod":{"imagePullSecrets":[{},{"name":"registry"}]}}}""",
                "spec.builtin.pod.imagePullSecrets[1].name",
                "registry"
            },
            { """{"builtin":{"pod":{"priorityClassName":"system-node-critical"}}}""", "spec.builtin.pod.priorityClassName", "" },
            { """{"builtin":{"volume":{"claimName":"others","path":"a"}}}""", "spec.builtin.volume.claimName", "others" },
            {
                """{"builtin":{"judge":{"url":"https://evil.example","credentials":{"secretRef":{"name":"openai"}}}}}""",
                "spec.builtin.judge.credentials.secretRef.name",
                ""
            },
            {
                """{"job":{"template":{"spec":{"serviceAccountName":"builder"}}}}""",
                "spec.job.template.spec.serviceAccountName",
                "builder"
            },
            {
                """{"job":{"template":{"spec":{"volumes":[{"name":"s","secret":{"secretName":"db"}}]}}}}""",
                "spec.job.template.spec.volumes[0].secret.secretName",
                "db"
            },
            { """{"job":{"template":{"spec":{"runtimeClassName":"runc-root"}}}}""", "spec.job.template.spec.runtimeClassName", "" },
        };

    [Theory]
    [MemberData(nameof(BorrowedBySuites))]
    public void A_suite_has_of_its_namespace_what_is_lent(string json, string field, string name)
    {
        var suite = KubernetesJson.Deserialize<EvalSuiteSpec>(json);
        var nothing = new LentObjects { Hosts = new Dictionary<string, string> { ["openai"] = "api.openai.com" } };
        SuiteLending.Refusal("shop", suite, nothing, new AuthorRights()).ShouldNotBeNull().ShouldStartWith($"{field}: ");
        if (name.Length == 0)
            return;
        var lent = new HashSet<string> { name };
        SuiteLending
            .Refusal(
                "shop",
                suite,
                new LentObjects
                {
                    Accounts = lent,
                    Claims = lent,
                    Secrets = lent,
                },
                new AuthorRights()
            )
            .ShouldBeNull();
    }

    [Fact]
    public void A_suite_that_is_not_lent_what_it_names_holds_the_agent_and_starts_nothing()
    {
        cluster.SuiteNotLent = "spec.builtin.pod.serviceAccountName: ServiceAccount evals/builder may not be used";
        cluster.Settle();
        var ready = cluster.Condition(ConditionTypes.Ready)!;
        (ready.Status, ready.Reason).ShouldBe(("False", Reasons.SuiteInvalid));
        ready.Message.ShouldContain("spec.builtin.pod.serviceAccountName");
        cluster.Runs.ShouldBeEmpty();

        cluster.SuiteNotLent = null;
        cluster.PromoteDeclared();
    }

    private static GuardrailsSpec Keyed(string secret, string url) =>
        new()
        {
            Upstreams =
            [
                new Upstream
                {
                    Name = "openai",
                    Url = url,
                    Credentials = new UpstreamCredentials
                    {
                        SecretRef = new KeyReference { Name = secret, Key = "api-key" },
                    },
                },
            ],
        };
}
