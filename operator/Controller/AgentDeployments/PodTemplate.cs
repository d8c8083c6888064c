using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// The pod template of a revision: the user's own, kept as it is, with ConfigMaps replaced by the revision's copies and the
/// guardrail in front. Pure.
/// </summary>
internal static class PodTemplate
{
    private const string ConfigVolume = "agent-readiness-config";
    private const string TokenVolume = "agent-readiness-token";
    private const string JournalVolume = "agent-readiness-journal";
    private const long TokenSeconds = 3600;

    private const int ShortestGrace = 75;

    /// <summary>
    /// The pod's grace period in seconds: the template's own, where it is long enough. A template with longer runs sets a longer one.
    /// </summary>
    public static int GraceSeconds(JsonObject template) =>
        (template["spec"] as JsonObject)?["terminationGracePeriodSeconds"] is JsonValue grace && grace.TryGetValue<int>(out var seconds)
            ? Math.Max(seconds, ShortestGrace)
            : ShortestGrace;

    /// <summary>The labels that a revision's pods have.</summary>
    public static IReadOnlyDictionary<string, string> Labels(AgentObservation seen, string revision, string track)
    {
        var labels = ((seen.Agent.Spec.Template["metadata"] as JsonObject)?["labels"] as JsonObject ?? [])
            .Where(label => label.Value is JsonValue value && value.TryGetValue<string>(out _))
            .ToDictionary(label => label.Key, label => label.Value!.GetValue<string>(), StringComparer.Ordinal);
        labels[Names.ManagedByLabel] = Names.Operator;
        foreach (var (key, value) in ChildObjects.Selector(seen.Name, revision, track))
            labels[key] = value;
        return labels;
    }

    /// <summary>Builds it.</summary>
    public static JsonObject Build(AgentObservation seen, string revision, string track, string guardrailImage)
    {
        var spec = seen.Agent.Spec;
        var template = (JsonObject)spec.Template.DeepClone();
        ConfigMapReferences.Rewrite(template, name => ChildNames.ConfigMapCopy(name, seen.Name, revision));

        var labels = Member(Member(template, "metadata"), "labels");
        foreach (var (key, value) in Labels(seen, revision, track))
            labels[key] = value;

        var pod = Member(template, "spec");
        pod["terminationGracePeriodSeconds"] = GraceSeconds(spec.Template);

        var containers = (JsonArray)pod["containers"]!;
        foreach (var container in containers.OfType<JsonObject>())
        {
            AddVariables(container, spec);
            AddDrain(container);
        }
        foreach (var container in (pod["initContainers"] as JsonArray ?? []).OfType<JsonObject>())
            AddVariables(container, spec);

        var guardrail = Guardrail(guardrailImage, spec);
        AddFirst(pod, guardrail, seen.Around.NativeSidecars);
        AddVolumes(pod, ChildNames.GuardrailConfig(seen.Name, revision, track), spec);
        return template;
    }

    /// <summary>Puts a guardrail where it is up before any other container of the pod starts.</summary>
    public static void AddFirst(JsonObject pod, JsonObject guardrail, bool nativeSidecars)
    {
        if (nativeSidecars)
        {
            guardrail["restartPolicy"] = "Always";
            guardrail["startupProbe"] = Probe("/readyz", period: 1, failures: 60);
            if (pod["initContainers"] is not JsonArray init)
                pod["initContainers"] = init = [];
            init.Insert(0, guardrail);
        }
        else
        {
            // The kubelet starts containers in order and waits for each one's postStart, so the others find the guardrail up.
            ((JsonObject)guardrail["lifecycle"]!)["postStart"] = new JsonObject
            {
                ["exec"] = new JsonObject { ["command"] = new JsonArray("/guardrail", "wait-ready") },
            };
            ((JsonArray)pod["containers"]!).Insert(0, guardrail);
        }
    }

    private static void AddVariables(JsonObject container, AgentDeploymentSpec spec)
    {
        var added = SdkVariables.For(spec.Guardrails?.Upstreams ?? []).ToList();
        if (added.Count == 0)
            return;
        if (container["env"] is not JsonArray variables)
            container["env"] = variables = [];
        // First, so that the user's own variables may refer to them as $(OPENAI_BASE_URL).
        for (var i = 0; i < added.Count; i++)
            variables.Insert(i, new JsonObject { ["name"] = added[i].Key, ["value"] = added[i].Value });
    }

    // All containers of a pod are told to stop at once: an agent that stopped at once would cut the runs that the guardrail waits for.
    private static void AddDrain(JsonObject container)
    {
        var lifecycle = Member(container, "lifecycle");
        if (lifecycle["preStop"] is null)
            lifecycle["preStop"] = Drain();
    }

    /// <summary>The guardrail's container.</summary>
    public static JsonObject Guardrail(string image, AgentDeploymentSpec spec)
    {
        var mounts = new JsonArray(
            new JsonObject
            {
                ["name"] = ConfigVolume,
                ["mountPath"] = GuardrailPaths.ConfigDirectory,
                ["readOnly"] = true,
            },
            new JsonObject
            {
                ["name"] = TokenVolume,
                ["mountPath"] = GuardrailPaths.TokenDirectory,
                ["readOnly"] = true,
            },
            new JsonObject { ["name"] = JournalVolume, ["mountPath"] = GuardrailPaths.JournalDirectory }
        );
        foreach (var upstream in WithKeys(spec))
            mounts.Add(
                new JsonObject
                {
                    ["name"] = KeyVolume(upstream),
                    ["mountPath"] = $"{GuardrailPaths.KeysDirectory}/{upstream.Name}",
                    ["readOnly"] = true,
                }
            );
        foreach (var upstream in WithAuthorities(spec))
            mounts.Add(
                new JsonObject
                {
                    ["name"] = AuthorityVolume(upstream),
                    ["mountPath"] = $"{GuardrailPaths.AuthoritiesDirectory}/{upstream.Name}",
                    ["readOnly"] = true,
                }
            );
        var ports = new JsonArray(
            new JsonObject
            {
                ["name"] = "guard-admin",
                ["containerPort"] = GuardrailPorts.Admin,
                ["protocol"] = "TCP",
            }
        );
        for (var i = 0; i < spec.Ports.Count; i++)
            ports.Add(
                new JsonObject
                {
                    ["name"] = $"guard-in-{i}",
                    ["containerPort"] = GuardrailPorts.FirstInbound + i,
                    ["protocol"] = "TCP",
                }
            );
        return new JsonObject
        {
            ["name"] = Names.GuardrailContainer,
            ["image"] = image,
            ["imagePullPolicy"] = "IfNotPresent",
            ["ports"] = ports,
            ["volumeMounts"] = mounts,
            ["terminationMessagePath"] = GuardrailPaths.TerminationLog,
            // Never the log's end: what the operator reads there is a report about money.
            ["terminationMessagePolicy"] = "File",
            ["readinessProbe"] = Probe("/readyz", period: 2, failures: 3),
            ["livenessProbe"] = Probe("/healthz", period: 10, failures: 3),
            ["lifecycle"] = new JsonObject { ["preStop"] = Drain() },
            ["resources"] = new JsonObject
            {
                ["requests"] = new JsonObject { ["cpu"] = "10m", ["memory"] = "48Mi" },
                ["limits"] = new JsonObject { ["memory"] = "256Mi" },
            },
            ["securityContext"] = new JsonObject
            {
                ["runAsNonRoot"] = true,
                ["runAsUser"] = PodUsers.Guardrail,
                ["runAsGroup"] = PodUsers.Guardrail,
                ["allowPrivilegeEscalation"] = false,
                ["readOnlyRootFilesystem"] = true,
                ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
                ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
            },
        };
    }

    /// <summary>The guardrail's volumes: configuration, token, journal, provider keys.</summary>
    public static void AddVolumes(JsonObject pod, string configMap, AgentDeploymentSpec spec)
    {
        if (pod["volumes"] is not JsonArray volumes)
            pod["volumes"] = volumes = [];
        volumes.Add(
            new JsonObject
            {
                ["name"] = ConfigVolume,
                ["configMap"] = new JsonObject { ["name"] = configMap },
            }
        );
        volumes.Add(
            new JsonObject
            {
                ["name"] = TokenVolume,
                ["projected"] = new JsonObject
                {
                    ["sources"] = new JsonArray(
                        new JsonObject
                        {
                            ["serviceAccountToken"] = new JsonObject
                            {
                                ["audience"] = GrantProtocol.Audience,
                                ["expirationSeconds"] = TokenSeconds,
                                ["path"] = Path.GetFileName(GuardrailPaths.Token),
                            },
                        }
                    ),
                },
            }
        );
        // It lives as long as the pod, whatever happens to the container, and no disk is written. The file in it has 28 KiB.
        volumes.Add(
            new JsonObject
            {
                ["name"] = JournalVolume,
                ["emptyDir"] = new JsonObject { ["medium"] = "Memory", ["sizeLimit"] = "1Mi" },
            }
        );
        foreach (var upstream in WithKeys(spec))
        {
            var secret = upstream.Credentials!.SecretRef;
            volumes.Add(
                new JsonObject
                {
                    ["name"] = KeyVolume(upstream),
                    ["secret"] = new JsonObject
                    {
                        ["secretName"] = secret.Name,
                        ["items"] = new JsonArray(new JsonObject { ["key"] = secret.Key, ["path"] = "key" }),
                    },
                }
            );
        }
        foreach (var upstream in WithAuthorities(spec))
        {
            var authority = upstream.CaConfigMapRef!;
            volumes.Add(
                new JsonObject
                {
                    ["name"] = AuthorityVolume(upstream),
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = authority.Name,
                        ["items"] = new JsonArray(
                            new JsonObject { ["key"] = authority.Key, ["path"] = Path.GetFileName(GuardrailPaths.CaFile) }
                        ),
                    },
                }
            );
        }
    }

    private static IEnumerable<Upstream> WithAuthorities(AgentDeploymentSpec spec) =>
        (spec.Guardrails?.Upstreams ?? []).Where(upstream => upstream.CaConfigMapRef is not null);

    private static string AuthorityVolume(Upstream upstream) => $"agent-readiness-ca-{upstream.Name}";

    private static IEnumerable<Upstream> WithKeys(AgentDeploymentSpec spec) =>
        (spec.Guardrails?.Upstreams ?? []).Where(upstream => upstream.Credentials is not null);

    private static string KeyVolume(Upstream upstream) => $"agent-readiness-key-{upstream.Name}";

    private static JsonObject Drain() =>
        new()
        {
            ["httpGet"] = new JsonObject
            {
                ["path"] = "/drain",
                ["port"] = GuardrailPorts.Admin,
                ["scheme"] = "HTTP",
            },
        };

    private static JsonObject Probe(string path, int period, int failures) =>
        new()
        {
            ["httpGet"] = new JsonObject
            {
                ["path"] = path,
                ["port"] = GuardrailPorts.Admin,
                ["scheme"] = "HTTP",
            },
            ["periodSeconds"] = period,
            ["failureThreshold"] = failures,
            ["timeoutSeconds"] = 2,
        };

    private static JsonObject Member(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject member)
            return member;
        var created = new JsonObject();
        parent[name] = created;
        return created;
    }
}
