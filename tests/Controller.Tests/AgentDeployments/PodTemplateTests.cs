using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Tests;

public sealed class PodTemplateTests
{
    private readonly SimulatedCluster cluster = new();

    public PodTemplateTests()
    {
        cluster.Agent.Spec.Guardrails = new GuardrailsSpec
        {
            Upstreams =
            [
                new Upstream
                {
                    Name = "openai",
                    Url = "https://provider/v1",
                    Credentials = new UpstreamCredentials
                    {
                        SecretRef = new KeyReference { Name = "secret-key", Key = "api-key" },
                    },
                },
            ],
        };
        cluster.Agent.Spec.Template = (JsonObject)
            JsonNode.Parse(
                """
                {"metadata": {"labels": {"team": "shop"}, "annotations": {"note": "mine"}},
                 "spec": {"fieldOfTheFuture": {"deep": [1]}, "terminationGracePeriodSeconds": 300,
                          "initContainers": [{"name": "migrate", "image": "m:1"}],
                          "containers": [{"name": "agent", "image": "agent:1", "env": [{"name": "A", "value": "$(OPENAI_BASE_URL)/x"}],
                                          "envFrom": [{"configMapRef": {"name": "prompt"}}],
                                            "lifecycle": {"preStop": {"exec": {"command": ["bye"]}}}},
                                         {"name": "helper", "image": "h:1"}]}}
                """
            )!;
    }

    [Fact]
    public void A_token_of_the_API_server_is_for_those_who_ask_and_pods_that_run_already_keep_theirs()
    {
        JsonNode? Token(int version) => Build(native: false, version)["spec"]!["automountServiceAccountToken"];
        Token(version: 2)!.GetValue<bool>().ShouldBeFalse();
        Token(version: 1).ShouldBeNull("another template would restart every agent at an upgrade");
        cluster.Agent.Spec.Template["spec"]!["automountServiceAccountToken"] = true;
        Token(version: 2)!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public void The_hook_names_the_token_that_the_guardrail_knows_and_no_container_reads_the_pods_traffic()
    {
        var pod = Build(native: false)["spec"]!;
        var written = JsonNode.Parse(
            ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), Track.Serving)["data"]!["config.json"]!.GetValue<string>()
        )!;
        var token = written["drainToken"]!.GetValue<string>();
        token.Length.ShouldBe(32);
        var containers = pod["containers"]!.AsArray();
        foreach (var name in (string[])[Names.GuardrailContainer, "helper"])
        {
            var container = containers.Single(one => one!["name"]!.GetValue<string>() == name)!;
            container["lifecycle"]!["preStop"]!["httpGet"]!["path"]!.GetValue<string>().ShouldBe($"/drain?token={token}");
        }
        foreach (var container in containers.Concat(pod["initContainers"]!.AsArray()))
        {
            var dropped = container!["securityContext"]!["capabilities"]!["drop"]!.AsArray().Select(one => one!.GetValue<string>());
            dropped.ShouldContain(one => one == "NET_RAW" || one == "ALL");
        }
    }

    [Fact]
    public void What_is_declared_of_strangers_reaches_the_guardrail()
    {
        cluster.Agent.Spec.Guardrails!.AllowedOrigins = ["http://localhost:3000"];
        cluster.Agent.Spec.Budget = new BudgetSpec { Attribution = ["customer", "feature"], ClientAttribution = ["customer"] };
        var written = JsonNode.Parse(
            ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), Track.Serving)["data"]!["config.json"]!.GetValue<string>()
        )!;
        written["allowedOrigins"]!.ToJsonString().ShouldBe("""["http://localhost:3000"]""");
        written["clientAttribution"]!.ToJsonString().ShouldBe("""["customer"]""");
        (written["toolCall"]!["timeout"]!.GetValue<string>(), written["toolCall"]!["eventTimeout"]!.GetValue<string>()).ShouldBe(
            ("15s", "60s")
        );
    }

    [Fact]
    public void What_is_known_of_side_effects_has_room_beside_the_journal()
    {
        cluster.Agent.Spec.Reliability = new ReliabilitySpec { SideEffects = new SideEffectsSpec { Tools = ["send_*"] } };
        var journal = Build(native: true)["spec"]!["volumes"]!.AsArray().Single(volume => volume!["emptyDir"] is not null)!;
        journal["emptyDir"]!.ToJsonString().ShouldBe("""{"medium":"Memory","sizeLimit":"10Mi"}""");
    }

    [Fact]
    public void The_guardrail_stands_first_and_alone_has_the_key_and_the_token()
    {
        var pod = Build(native: false)["spec"]!;
        var containers = pod["containers"]!.AsArray();

        containers[0]!["name"]!.GetValue<string>().ShouldBe(Names.GuardrailContainer);
        containers[0]!["lifecycle"]!["postStart"]!["exec"]!["command"]!.ToJsonString().ShouldContain("wait-ready");
        var key = pod["volumes"]!.AsArray().Single(volume => volume!["secret"] is not null)!;
        key["secret"]!["secretName"]!.GetValue<string>().ShouldBe("secret-key");
        var token = pod["volumes"]!.AsArray().Single(volume => volume!["projected"] is not null)!;
        token.ToJsonString().ShouldContain(GrantProtocol.Audience);
        var journal = pod["volumes"]!.AsArray().Single(volume => volume!["emptyDir"] is not null)!;
        journal["emptyDir"]!.ToJsonString().ShouldBe("""{"medium":"Memory","sizeLimit":"1Mi"}""");
        containers[0]!["volumeMounts"]!.ToJsonString().ShouldContain(GuardrailPaths.JournalDirectory);
        containers[0]!["terminationMessagePath"]!.GetValue<string>().ShouldBe(GuardrailPaths.TerminationLog);
        foreach (var container in containers.Skip(1).Concat(pod["initContainers"]!.AsArray()))
        {
            var text = container!.ToJsonString();
            text.ShouldNotContain(journal["name"]!.GetValue<string>());
            text.ShouldNotContain(key["name"]!.GetValue<string>());
            text.ShouldNotContain(token["name"]!.GetValue<string>());
            text.ShouldNotContain("secret-key");
        }
    }

    [Fact]
    public void On_a_server_with_native_sidecars_it_is_the_first_init_container()
    {
        var pod = Build(native: true)["spec"]!;

        pod["initContainers"]![0]!["name"]!.GetValue<string>().ShouldBe(Names.GuardrailContainer);
        pod["initContainers"]![0]!["restartPolicy"]!.GetValue<string>().ShouldBe("Always");
        pod["initContainers"]![0]!["startupProbe"].ShouldNotBeNull();
        pod["containers"]!.AsArray().Select(container => container!["name"]!.GetValue<string>()).ShouldBe(["agent", "helper"]);
    }

    [Fact]
    public void It_is_restricted()
    {
        var security = Build(native: false)["spec"]!["containers"]![0]!["securityContext"]!;

        security["runAsNonRoot"]!.GetValue<bool>().ShouldBeTrue();
        security["runAsUser"]!.GetValue<int>().ShouldBe(PodUsers.Guardrail);
        security["allowPrivilegeEscalation"]!.GetValue<bool>().ShouldBeFalse();
        security["readOnlyRootFilesystem"]!.GetValue<bool>().ShouldBeTrue();
        security["capabilities"]!["drop"]!.ToJsonString().ShouldBe("""["ALL"]""");
        security["seccompProfile"]!["type"]!.GetValue<string>().ShouldBe("RuntimeDefault");
    }

    [Fact]
    public void What_the_user_wrote_stays()
    {
        var before = cluster.Agent.Spec.Template.ToJsonString();
        var template = Build(native: false);
        var agent = template["spec"]!["containers"]![1]!;

        cluster.Agent.Spec.Template.ToJsonString().ShouldBe(before, "the spec itself was changed");
        template["metadata"]!["labels"]!["team"]!.GetValue<string>().ShouldBe("shop");
        template["metadata"]!["annotations"]!["note"]!.GetValue<string>().ShouldBe("mine");
        template["spec"]!["fieldOfTheFuture"]!.ToJsonString().ShouldBe("""{"deep":[1]}""");
        template["spec"]!["terminationGracePeriodSeconds"]!.GetValue<int>().ShouldBe(300);
        agent["lifecycle"]!["preStop"]!["exec"].ShouldNotBeNull();
        agent["env"]!.AsArray()[^1]!["name"]!.GetValue<string>().ShouldBe("A");
    }

    [Fact]
    public void SDKs_find_the_guardrail_and_hold_no_key()
    {
        var env = Build(native: false)["spec"]!["containers"]![2]!["env"]!
            .AsArray()
            .ToDictionary(variable => variable!["name"]!.GetValue<string>(), variable => variable!["value"]!.GetValue<string>());

        env["OPENAI_BASE_URL"].ShouldBe("http://127.0.0.1:15080/openai/v1");
        env["OPENAI_API_KEY"].ShouldBe("held-by-the-guardrail");
    }

    [Fact]
    public void ConfigMaps_are_the_revisions_own_copies()
    {
        var template = Build(native: false);

        template["spec"]!["containers"]![1]!["envFrom"]![0]!["configMapRef"]!["name"]!.GetValue<string>().ShouldBe("prompt-support-abc");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_configuration_names_files_and_holds_no_secret_and_asks_for_money_only_where_there_is_a_budget(bool budget)
    {
        if (!budget)
            cluster.Agent.Spec.Budget = null;
        GuardrailConfig Read(Track track) =>
            JsonSerializer.Deserialize(
                ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), track)["data"]!["config.json"]!.GetValue<string>(),
                ContractsJson.Default.GuardrailConfig
            )!;
        var config = Read(Track.Serving);

        config.Upstreams[0].KeyFile.ShouldBe("/var/run/agent-readiness/keys/openai/key");
        config.Inbound[0].ListenPort.ShouldBe(15090);
        config.Inbound[0].TargetPort.ShouldBe(8080);
        (config.Budget is not null).ShouldBe(budget);
        Read(Track.Eval).Budget.ShouldNotBeNull("an evaluation has a cap of its own");
    }

    [Fact]
    public void The_guardrail_has_the_chart_s_resources_and_an_agent_s_own_for_those_that_it_names()
    {
        cluster.Agent.Spec.Guardrails!.Resources = new ResourcesSpec
        {
            Requests = new ResourceAmounts { EphemeralStorage = "10Mi" },
            Limits = new ResourceAmounts { Memory = "1Gi" },
        };

        var guardrail = Build(native: false)["spec"]!["containers"]![0]!;

        // No request of the chart's stays beside a limit of the agent's: it could be above it.
        guardrail["resources"]!
            .ToJsonString()
            .ShouldBe("""{"requests":{"cpu":"10m","ephemeral-storage":"10Mi"},"limits":{"memory":"1Gi"}}""");
    }

    /// <summary>Whatever the operator that comes has, a revision keeps what it was evaluated with, and the next one gets the new.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_upgrade_of_the_operator_restarts_no_agent(bool pinned)
    {
        var before = cluster.Observe();
        var revision = new Revision("abc");
        var made = Deployment(before, revision, Injection.Of(before, revision) with { Version = pinned ? Injection.Newest : 1 });
        var after = before with
        {
            Environment = before.Environment with
            {
                GuardrailImage = "guardrail:2",
                GuardrailResources = ContainerResources.Parse("""{"requests":{"cpu":"20m"},"limits":{"memory":"300Mi"}}"""),
                Server = before.Environment.Server with { NativeSidecars = !before.Environment.Server.NativeSidecars },
            },
            // Operators before the record had nothing but the Deployment.
            Children = before.Children with
            {
                Deployments = pinned ? [] : [View(made)],
            },
            Agent = pinned ? Pinned(Injection.Of(before, revision).Status(revision)) : before.Agent,
        };
        Deployment(after, revision, Injection.Of(after, revision)).ToJsonString().ShouldBe(made.ToJsonString());
        var next = Injection.Of(after, new Revision("def"));
        (next.Image, next.Resources.ToString()).ShouldBe(("guardrail:2", after.Environment.GuardrailResources.ToString()));
        next.NativeSidecar.ShouldBe(after.Environment.Server.NativeSidecars);
    }

    [Fact]
    public void What_somebody_wrote_into_a_Deployment_is_not_taken_for_what_was_pinned()
    {
        var seen = cluster.Observe();
        var revision = new Revision("abc");
        var made = Deployment(seen, revision, Injection.Of(seen, revision) with { Image = "evil:1" });
        made["metadata"]!["managedFields"] = new JsonArray(
            new JsonObject
            {
                ["manager"] = "kubectl-edit",
                ["fieldsV1"] = new JsonObject { ["f:spec"] = new JsonObject { ["f:template"] = new JsonObject() } },
            }
        );
        var tampered = seen with { Children = seen.Children with { Deployments = [View(made)] } };
        Injection.Of(tampered, revision).Image.ShouldBe(seen.Environment.GuardrailImage);
        var pinned = tampered with { Agent = Pinned((Injection.New(seen) with { Image = "good:1" }).Status(revision)) };
        Injection.Of(pinned, revision).Image.ShouldBe("good:1");
    }

    [Fact]
    public void What_a_newer_operator_made_is_scaled_and_not_rewritten()
    {
        cluster.Hosts["secret-key"] = "provider";
        cluster.PromoteDeclared().ShouldNotBeNull();
        var version = Injection.Newest + 1;
        cluster.Agent.Status = cluster.Agent.Status! with
        {
            Injections = [.. cluster.Agent.Status.Injections.Select(one => one with { Version = version })],
        };
        cluster.Agent.Spec.Replicas = 7;
        var writes = AgentDecider.Decide(cluster.Observe()).Writes;
        writes.OfType<Write.Scale>().ShouldHaveSingleItem().Replicas.ShouldBe(7);
        writes.OfType<Write.Apply>().ShouldNotContain(write => write.Resource == DeploymentView.Resource);
    }

    /// <summary>
    /// What each version puts in, byte for byte. Who sees it fail has changed what is put into pods that run: add a version instead.
    /// </summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    public void A_version_of_what_is_put_in_never_changes(int version, bool native)
    {
        var template = Build(native, version);
        var text = template.ToJsonString(new JsonSerializerOptions { WriteIndented = true, NewLine = "\n" }) + "\n";
        var path = Repository.PathOf("tests", "Controller.Tests", "golden", $"injection-{version}-{(native ? "native" : "plain")}.json");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, text);
        text.ShouldBe(File.ReadAllText(path));
    }

    private static JsonObject Deployment(AgentObservation seen, Revision revision, Injection injection) =>
        ChildObjects.Deployment(seen, revision, Track.Serving, injection, 1);

    private static DeploymentView View(JsonObject deployment)
    {
        var whole = (JsonObject)deployment.DeepClone();
        (whole["metadata"]!["uid"], whole["metadata"]!["resourceVersion"]) = ("u", "1");
        using var document = JsonDocument.Parse(whole.ToJsonString());
        return DeploymentView.Of(document.RootElement);
    }

    private AgentDeployment Pinned(InjectionStatus status) =>
        new()
        {
            Metadata = cluster.Agent.Metadata,
            Spec = cluster.Agent.Spec,
            Status = (cluster.Agent.Status ?? new AgentDeploymentStatus()) with { Injections = [status] },
        };

    private JsonObject Build(bool native, int version = Injection.Newest)
    {
        var seen = cluster.Observe();
        var injection = Injection.New(seen) with { Version = version, NativeSidecar = native, Image = "guardrail:1" };
        return PodTemplate.Build(seen, new Revision("abc"), Track.Serving, injection);
    }

    [Theory]
    [InlineData(300, "255s")]
    [InlineData(10, "30s")]
    public void The_drain_waits_as_long_as_the_grace_period_allows(int grace, string drain)
    {
        cluster.Agent.Spec.Template["spec"]!["terminationGracePeriodSeconds"] = grace;
        var config = JsonSerializer.Deserialize(
            ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), Track.Serving)["data"]!["config.json"]!.GetValue<string>(),
            ContractsJson.Default.GuardrailConfig
        )!;

        config.DrainTimeout.ShouldBe(drain);
    }
}
