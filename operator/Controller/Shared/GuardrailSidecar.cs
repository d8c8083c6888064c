using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Controller.Shared;

/// <summary>The guardrail as a part of a pod: in front of an agent, and in front of the judge of an evaluation. Pure.</summary>
internal static class GuardrailSidecar
{
    private const string ConfigVolume = "agent-readiness-config";
    private const string TokenVolume = "agent-readiness-token";
    private const string JournalVolume = "agent-readiness-journal";
    private const string KeyPrefix = "agent-readiness-key-";
    private const long TokenSeconds = 3600;

    /// <summary>The files of its ConfigMap: configuration, the CAs to trust, and prices where there are any.</summary>
    public static JsonObject Files(GuardrailConfig config, OperatorEnvironment environment, GuardrailPrices? prices)
    {
        var files = new JsonObject
        {
            [Path.GetFileName(GuardrailPaths.Config)] = JsonSerializer.Serialize(config, ContractsJson.Default.GuardrailConfig),
            [Path.GetFileName(GuardrailPaths.CaFile)] = environment.GrantsCa,
        };
        if (prices is not null)
            files[GuardrailPrices.Key] = prices.Text;
        return files;
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
            if (guardrail["lifecycle"] is not JsonObject lifecycle)
                guardrail["lifecycle"] = lifecycle = [];
            lifecycle["postStart"] = new JsonObject
            {
                ["exec"] = new JsonObject { ["command"] = new JsonArray("/guardrail", "wait-ready") },
            };
            ((JsonArray)pod["containers"]!).Insert(0, guardrail);
        }
    }

    /// <summary>The container.</summary>
    /// <param name="image">Its image.</param>
    /// <param name="resources">Its resources.</param>
    /// <param name="spec">What the agent may call, and its ports.</param>
    /// <param name="drain">Its preStop hook; null where no run comes in.</param>
    public static JsonObject Container(string image, ContainerResources resources, AgentDeploymentSpec spec, JsonObject? drain)
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
        var container = new JsonObject
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
            ["resources"] = resources.ToJson(),
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
        if (drain is not null)
            container["lifecycle"] = new JsonObject { ["preStop"] = drain.DeepClone() };
        return container;
    }

    /// <summary>The volumes: configuration, token, journal, provider keys.</summary>
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
        // It lives as long as the pod, whatever happens to the container, and no disk is written. The journal has 28 KiB; what is known
        // of calls with side effects has 4 MiB, twice while it is written anew.
        volumes.Add(
            new JsonObject
            {
                ["name"] = JournalVolume,
                ["emptyDir"] = new JsonObject
                {
                    ["medium"] = "Memory",
                    ["sizeLimit"] = spec.Reliability?.SideEffects is null ? "1Mi" : "10Mi",
                },
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

    private static string KeyVolume(Upstream upstream) => $"{KeyPrefix}{upstream.Name}";

    /// <summary>"upstream=secret" of a volume with an upstream's key; null for any other volume.</summary>
    /// <param name="volume">The volume's name.</param>
    /// <param name="secret">The Secret that it mounts.</param>
    public static string? KeyOf(string? volume, string? secret) =>
        secret is not null && volume?.StartsWith(KeyPrefix, StringComparison.Ordinal) == true
            ? $"{volume[KeyPrefix.Length..]}={secret}"
            : null;

    /// <summary>The preStop hook that waits until the guardrail has drained.</summary>
    /// <param name="token">See <see cref="GuardrailConfig.DrainToken"/>.</param>
    public static JsonObject DrainHook(string token) =>
        new()
        {
            ["httpGet"] = new JsonObject
            {
                ["path"] = $"{GuardrailPaths.Drain}?{GuardrailPaths.DrainToken}={token}",
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
}
