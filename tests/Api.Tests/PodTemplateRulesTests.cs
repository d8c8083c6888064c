using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Readiness;
using CsCheck;

namespace AgentReadiness.Api.Tests;

/// <summary>
/// What an author's template may have is listed, in the template of an agent as in that of a suite's Job: each attempt to get more from the
/// node is refused by its field, and nothing that is not listed passes.
/// </summary>
public sealed class PodTemplateRulesTests
{
    /// <summary>A member of the template, spoilt, and the field that is found.</summary>
    public static TheoryData<string, string, string> Attempts { get; } =
        new()
        {
            { "spec.hostNetwork", "true", "spec.hostNetwork" },
            { "spec.hostNetwork", "\"true\"", "spec.hostNetwork" },
            { "spec.hostPID", "true", "spec.hostPID" },
            { "spec.hostIPC", "true", "spec.hostIPC" },
            { "spec.hostUsers", "true", "spec.hostUsers" },
            { "spec.HostPID", "true", "spec.HostPID" },
            { "spec.nodeName", "\"control-plane\"", "spec.nodeName" },
            { "spec.ephemeralContainers", """[{"name":"debug"}]""", "spec.ephemeralContainers" },
            { "spec.resourceClaims", """[{"name":"gpu","resourceClaimName":"all"}]""", "spec.resourceClaims" },
            { "spec.os", """{"name":"windows"}""", "spec.os.name" },
            { "spec.volumes", """[{"name":"v","hostPath":{"path":"/"}}]""", "spec.volumes[0].hostPath" },
            { "spec.volumes", """[{"name":"v","HostPath":{"path":"/"}}]""", "spec.volumes[0].HostPath" },
            { "spec.volumes", """[{"name":"v","nfs":{"server":"s","path":"/"}}]""", "spec.volumes[0].nfs" },
            { "spec.volumes", """[{"name":"v","iscsi":{"iqn":"i"}}]""", "spec.volumes[0].iscsi" },
            { "spec.volumes", """[{"name":"v","csi":{"driver":"d"}}]""", "spec.volumes[0].csi" },
            { "spec.volumes", """[{"name":"v","flexVolume":{"driver":"d"}}]""", "spec.volumes[0].flexVolume" },
            { "spec.volumes", """[{"name":"v","gitRepo":{"repository":"r"}}]""", "spec.volumes[0].gitRepo" },
            { "spec.volumes", """[{"name":"v","emptyDir":{},"hostPath":{"path":"/"}}]""", "spec.volumes[0].hostPath" },
            {
                "spec.volumes",
                """[{"name":"v","projected":{"sources":[{"podCertificate":{"signerName":"s/s"}}]}}]""",
                "spec.volumes[0].projected.sources[0].podCertificate"
            },
            {
                "spec.volumes",
                """[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"audience":"agentreadiness.dev/grants","path":"t"}}]}}]""",
                "spec.volumes[0].projected.sources[0].serviceAccountToken.audience"
            },
            {
                "spec.volumes",
                """[{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"volumeName":"pv-of-others"}}}}]""",
                "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.volumeName"
            },
            {
                "spec.volumes",
                """[{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"dataSource":{"kind":"VolumeSnapshot","name":"db"}}}}}]""",
                "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.dataSource"
            },
            { "spec.volumes", """[{"name":"agent-readiness-x","emptyDir":{}}]""", "spec.volumes[0].name" },
            { "spec.securityContext", """{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}""", "spec.securityContext.sysctls[0].name" },
            { "spec.securityContext", """{"seccompProfile":{"type":"Unconfined"}}""", "spec.securityContext.seccompProfile.type" },
            { "spec.securityContext", """{"appArmorProfile":{"type":"Unconfined"}}""", "spec.securityContext.appArmorProfile.type" },
            { "spec.securityContext", """{"seLinuxOptions":{"type":"spc_t"}}""", "spec.securityContext.seLinuxOptions.type" },
            { "spec.securityContext", """{"seLinuxOptions":{"user":"system_u"}}""", "spec.securityContext.seLinuxOptions.user" },
            { "spec.securityContext", """{"windowsOptions":{"hostProcess":true}}""", "spec.securityContext.windowsOptions" },
            { "spec.securityContext", """{"fieldOfTheFuture":1}""", "spec.securityContext.fieldOfTheFuture" },
            { "container.securityContext", """{"privileged":true}""", "container.securityContext.privileged" },
            { "container.securityContext", """{"Privileged":true}""", "container.securityContext.Privileged" },
            { "container.securityContext", """{"allowPrivilegeEscalation":true}""", "container.securityContext.allowPrivilegeEscalation" },
            { "container.securityContext", """{"procMount":"Unmasked"}""", "container.securityContext.procMount" },
            { "container.securityContext", """{"capabilities":{"add":["SYS_MODULE"]}}""", "container.securityContext.capabilities.add[0]" },
            { "container.securityContext", """{"capabilities":{"add":["net_admin"]}}""", "container.securityContext.capabilities.add[0]" },
            {
                "container.securityContext",
                """{"capabilities":{"add":["CAP_SYS_ADMIN"]}}""",
                "container.securityContext.capabilities.add[0]"
            },
            {
                "container.securityContext",
                """{"capabilities":{"add":["CHOWN","all"]}}""",
                "container.securityContext.capabilities.add[1]"
            },
            {
                "container.securityContext",
                """{"seccompProfile":{"type":"Unconfined"}}""",
                "container.securityContext.seccompProfile.type"
            },
            { "container.securityContext", """{"windowsOptions":{"hostProcess":true}}""", "container.securityContext.windowsOptions" },
            { "container.ports", """[{"containerPort":80,"hostPort":80}]""", "container.ports[0].hostPort" },
            { "container.ports", """[{"containerPort":80,"hostIP":"10.0.0.1"}]""", "container.ports[0].hostIP" },
            { "container.resources", """{"claims":[{"name":"gpu"}]}""", "container.resources.claims" },
            { "container.livenessProbe", """{"httpGet":{"host":"169.254.169.254","port":80}}""", "container.livenessProbe.httpGet.host" },
            {
                "container.lifecycle",
                """{"postStart":{"tcpSocket":{"host":"127.0.0.1","port":10250}}}""",
                "container.lifecycle.postStart.tcpSocket.host"
            },
            {
                "container.volumeMounts",
                """[{"name":"v","mountPath":"/v","mountPropagation":"Bidirectional"}]""",
                "container.volumeMounts[0].mountPropagation"
            },
            { "container.env", """[{"name":"A","valueFrom":{"vaultKeyRef":{"name":"x"}}}]""", "container.env[0].valueFrom.vaultKeyRef" },
            {
                "container.env",
                """[{"name":"A","valueFrom":{"fileKeyRef":{"volumeName":"agent-readiness-journal","path":"j","key":"k"}}}]""",
                "container.env[0].valueFrom.fileKeyRef.volumeName"
            },
            { "container.envFrom", """[{"vaultRef":{"name":"x"}}]""", "container.envFrom[0].vaultRef" },
            { "metadata.finalizers", """["example.com/hang"]""", "metadata.finalizers" },
            { "metadata.labels", """{"agentreadiness.dev/eval-run":"x"}""", "metadata.labels[agentreadiness.dev/eval-run]" },
            {
                "metadata.annotations",
                """{"container.apparmor.security.beta.kubernetes.io/agent":"unconfined"}""",
                "metadata.annotations[container.apparmor.security.beta.kubernetes.io/agent]"
            },
            {
                "metadata.annotations",
                """{"seccomp.security.alpha.kubernetes.io/pod":"unconfined"}""",
                "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]"
            },
            {
                "metadata.annotations",
                """{"io.kubernetes.cri-o.Devices":"/dev/sda"}""",
                "metadata.annotations[io.kubernetes.cri-o.Devices]"
            },
            { "metadata.annotations", """{"cdi.k8s.io/x":"vendor.com/d=0"}""", "metadata.annotations[cdi.k8s.io/x]" },
            {
                "metadata.annotations",
                """{"seccomp-profile.kubernetes.cri-o.io/agent":"x"}""",
                "metadata.annotations[seccomp-profile.kubernetes.cri-o.io/agent]"
            },
            {
                "metadata.annotations",
                """{"cpu-load-balancing.crio.io/agent":"x"}""",
                "metadata.annotations[cpu-load-balancing.crio.io/agent]"
            },
            {
                "metadata.annotations",
                """{"v1.multus-cni.io/default-network":"kube-system/host"}""",
                "metadata.annotations[v1.multus-cni.io/default-network]"
            },
            { "metadata.annotations", """{"cni.projectcalico.org/ipAddrs":"x"}""", "metadata.annotations[cni.projectcalico.org/ipAddrs]" },
            {
                "metadata.annotations",
                """{"policy.cilium.io/no-track-port":"x"}""",
                "metadata.annotations[policy.cilium.io/no-track-port]"
            },
            {
                "metadata.annotations",
                """{"devices.noderesource.dev/container.agent":"x"}""",
                "metadata.annotations[devices.noderesource.dev/container.agent]"
            },
            { "metadata.annotations", """{"dev.gvisor.flag/x":"x"}""", "metadata.annotations[dev.gvisor.flag/x]" },
            { "metadata.annotations", """{"vpc.amazonaws.com/pod-eni":"x"}""", "metadata.annotations[vpc.amazonaws.com/pod-eni]" },
            { "metadata.annotations", """{"seccomp.example.com/x":"x"}""", "metadata.annotations[seccomp.example.com/x]" },
            {
                "spec.volumes",
                """
                    [{"ephemeral":{"volumeClaimTemplate":{"metadata":{"labels":{"agentreadiness.dev/usable-by-agents":"true"}}}}}]
                    """,
                "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.labels[agentreadiness.dev/usable-by-agents]"
            },
            {
                "spec.volumes",
                """
                    [{"ephemeral":{"volumeClaimTemplate":{"metadata":{"annotations":{"volume.kubernetes.io/selected-node":"n"}}}}}]
                    """,
                "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.annotations[volume.kubernetes.io/selected-node]"
            },
            {
                "spec.volumes",
                """[{"name":"e","ephemeral":{"volumeClaimTemplate":{"metadata":{"finalizers":["example.com/stay"]}}}}]""",
                "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.finalizers"
            },
            { "metadata.annotations", """{"k8s.v1.cni.cncf.io/networks":"host"}""", "metadata.annotations[k8s.v1.cni.cncf.io/networks]" },
        };

    [Theory]
    [MemberData(nameof(Attempts))]
    public void An_attempt_to_get_more_from_the_node_is_refused_by_its_field(string member, string value, string field)
    {
        foreach (var list in (string[])["containers[1]", "initContainers[0]"])
        {
            Findings(member.Replace("container.", $"spec.{list}.", StringComparison.Ordinal), JsonNode.Parse(value))
                .ShouldSatisfyAllConditions(
                    found => found.Agent.Select(one => one.Field).ShouldBe([Path("spec.template", field, list)]),
                    found => found.Suite.Select(one => one.Field).ShouldBe([Path("spec.job.template", field, list)])
                );
        }
    }

    [Theory]
    [InlineData("picnic.example/menu", true)]
    [InlineData("my.devicesfarm.example/x", true)]
    [InlineData("linkerd.io/inject", true)]
    [InlineData("x.cni.example/networks", false)]
    [InlineData("any-cri.example/x", false)]
    [InlineData("Seccomp.example/x", false)]
    [InlineData("runtime.vendor-of-tomorrow.example/x", false)]
    public void An_annotation_is_about_the_node_where_a_part_of_its_domain_says_so(string annotation, bool passes)
    {
        var template = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [annotation] = "x" } },
            ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "a", ["image"] = "a:1" }) },
        };
        (AgentDeploymentRules.Check(Agent(template)).Count == 0).ShouldBe(passes);
    }

    [Fact]
    public void What_an_ordinary_template_has_passes_with_fields_that_nobody_knows_yet()
    {
        var template = (JsonObject)
            JsonNode.Parse(
                """
                {"metadata": {"creationTimestamp": null, "labels": {"team": "shop", "app.kubernetes.io/name": "a"},
                              "annotations": {"prometheus.io/scrape": "true", "kubectl.kubernetes.io/restartedAt": "now", "note": "mine",
                                              "container.apparmor.security.beta.kubernetes.io/agent": "runtime/default"}},
                 "spec": {"hostNetwork": false, "hostUsers": false, "fieldOfTheFuture": {"deep": [1]}, "nodeSelector": {"a": "b"},
                          "tolerations": [{"operator": "Exists"}], "imagePullSecrets": [{"name": "registry"}],
                          "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 1000,
                                              "seccompProfile": {"type": "RuntimeDefault"},
                                              "sysctls": [{"name": "net.ipv4.tcp_syncookies"}]},
                          "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "c"}},
                                      {"name": "c", "secret": {"secretName": "s"}}, {"name": "d"}, {"name": "e", "hostPath": null},
                                      {"name": "f", "persistentVolumeClaim": {"claimName": "p"}},
                                      {"name": "g", "image": {"reference": "r"}},
                                      {"name": "h", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}},
                                      {"name": "i", "projected": {"sources": [{"downwardAPI": {}}, {"secret": {"name": "s"}}]}}],
                          "containers": [{"name": "a", "image": "a:1", "fieldOfTheFuture": 1,
                                          "ports": [{"containerPort": 8080, "hostPort": 0}],
                                          "livenessProbe": {"httpGet": {"path": "/", "port": 8080}},
                                          "securityContext": {"allowPrivilegeEscalation": false, "privileged": false,
                                                              "procMount": "Default",
                                                              "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "CHOWN"]}}}]}}
                """
            )!;
        AgentDeploymentRules.Check(Agent(template)).ShouldBeEmpty();
        EvalSuiteRules.Check(Suite(template)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("hostAliases", """[{"ip":"10.0.0.1","hostnames":["api.openai.com"]}]""")]
    [InlineData("hostname", "\"provider\"")]
    [InlineData("hostnameOverride", "\"api.openai.com\"")]
    [InlineData("subdomain", "\"x\"")]
    [InlineData("setHostnameAsFQDN", "true")]
    [InlineData("dnsPolicy", "\"None\"")]
    public void Where_an_upstream_has_a_key_the_author_does_not_say_what_a_name_means(string name, string value)
    {
        var agent = Agent((JsonObject)JsonNode.Parse("""{"spec":{"containers":[{"name":"a"}]}}""")!);
        agent.Spec.Template["spec"]![name] = JsonNode.Parse(value);
        AgentDeploymentRules.Check(agent).ShouldBeEmpty("without a key nothing is lost");
        agent.Spec.Guardrails = Keyed("https://api.openai.com/v1");
        AgentDeploymentRules.Check(agent).Select(one => one.Field).ShouldBe([$"spec.template.spec.{name}"]);
    }

    [Fact]
    public void No_capability_passes_in_any_other_spelling() =>
        Gen.Select(Word, Gen.Int[0, 3])
            .Sample(
                (word, way) =>
                {
                    var listed = SecurityContextRules.Capabilities[Math.Abs(word.GetHashCode(StringComparison.Ordinal)) % 12];
                    var name = way switch
                    {
                        0 => word,
                        1 => listed.ToLowerInvariant(),
                        2 => $"CAP_{listed}",
                        _ => $"{listed} ",
                    };
                    if (SecurityContextRules.Capabilities.Contains(name))
                        return;
                    Refused("container.securityContext.capabilities.add", new JsonArray(name), "securityContext.capabilities.add[0]");
                }
            );

    [Fact]
    public void No_type_of_volume_passes_that_is_not_listed()
    {
        string[] listed =
        [
            "name",
            "configMap",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "image",
            "persistentVolumeClaim",
            "projected",
            "secret",
        ];
        Gen.Select(Word, Gen.Int[0, 2])
            .Sample(
                (word, way) =>
                {
                    var one = listed[1 + (word.Length % 8)];
                    var name =
                        way == 0 ? word
                        : way == 1 ? one.ToUpperInvariant()
                        : one + word;
                    if (listed.Contains(name))
                        return;
                    Refused(
                        "spec.volumes",
                        new JsonArray(new JsonObject { ["name"] = "v", [name] = new JsonObject() }),
                        $"volumes[0].{name}"
                    );
                }
            );
    }

    [Fact]
    public void No_field_of_a_securityContext_passes_that_is_not_known()
    {
        string[] known =
        [
            "appArmorProfile",
            "runAsGroup",
            "runAsNonRoot",
            "runAsUser",
            "seLinuxOptions",
            "seccompProfile",
            "fsGroup",
            "sysctls",
            "fsGroupChangePolicy",
            "seLinuxChangePolicy",
            "supplementalGroups",
            "supplementalGroupsPolicy",
            "allowPrivilegeEscalation",
            "capabilities",
            "privileged",
            "procMount",
            "readOnlyRootFilesystem",
        ];
        Gen.Select(Word, Gen.Bool, Gen.Bool)
            .Sample(
                (word, ofPod, upper) =>
                {
                    var name = upper ? known[word.Length % known.Length].ToUpperInvariant() : word;
                    if (known.Contains(name))
                        return;
                    Refused(
                        ofPod ? "spec.securityContext" : "container.securityContext",
                        new JsonObject { [name] = true },
                        $"securityContext.{name}"
                    );
                }
            );
    }

    // Letters of either case, digits and signs; among them words that Kubernetes knows.
    private static readonly Gen<string> Word = Gen.OneOf(
        Gen.Char["abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.0123456789"].Array[1, 20].Select(letters => new string(letters)),
        Gen.Int[0, 7].Select(i => ((string[])["hostPath", "nfs", "csi", "windowsOptions", "SYS_ADMIN", "ALL", "NET_RAW", "glusterfs"])[i])
    );

    private static void Refused(string member, JsonNode value, string ends)
    {
        var (agent, suite) = Findings(member.Replace("container.", "spec.containers[0].", StringComparison.Ordinal), value);
        foreach (var findings in (IReadOnlyList<Finding>[])[agent, suite])
        {
            if (!findings.Any(finding => finding.Field.EndsWith(ends, StringComparison.Ordinal)))
                throw new InvalidOperationException($"{value.ToJsonString()} passes at {member}");
        }
    }

    private static string Path(string root, string field, string list) =>
        $"{root}.{(field.StartsWith("container.", StringComparison.Ordinal) ? $"spec.{list}{field["container".Length..]}" : field)}";

    private static (IReadOnlyList<Finding> Agent, IReadOnlyList<Finding> Suite) Findings(string member, JsonNode? value)
    {
        var template = (JsonObject)
            JsonNode.Parse("""{"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"a"},{"name":"b"}]}}""")!;
        JsonNode at = template;
        var steps = member.Replace("[", ".[", StringComparison.Ordinal).Split('.');
        foreach (var step in steps[..^1])
        {
            if (step[0] == '[')
                at = at[int.Parse(step[1..^1], null)]!;
            else
                at = at[step] ??= new JsonObject();
        }
        at[steps[^1]] = value?.DeepClone();
        return (AgentDeploymentRules.Check(Agent(template)), EvalSuiteRules.Check(Suite(template)));
    }

    private static AgentDeployment Agent(JsonObject template) =>
        new()
        {
            Metadata = new k8s.Models.V1ObjectMeta { Name = "support" },
            Spec = new AgentDeploymentSpec
            {
                Template = (JsonObject)template.DeepClone(),
                Ports =
                [
                    new AgentPort
                    {
                        Name = "http",
                        Port = 80,
                        TargetPort = 8080,
                    },
                ],
            },
        };

    private static EvalSuiteSpec Suite(JsonObject template) => new() { Job = new JobSuite { Template = (JsonObject)template.DeepClone() } };

    private static GuardrailsSpec Keyed(string url) =>
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
                        SecretRef = new KeyReference { Name = "openai", Key = "k" },
                    },
                },
            ],
        };
}
