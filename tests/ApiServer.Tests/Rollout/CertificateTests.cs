using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using AgentReadiness.Api;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>
/// The operator's own CA on a real API server: made, renewed under load, taken over by another leader, and out of everybody's sight.
/// </summary>
[Collection(ControlPlanes.Parts)]
public sealed partial class CertificateTests(ControlPlane plane)
{
    private static readonly ResourceType Events = new(string.Empty, "v1", "events", "Event");

    [Fact]
    public async Task A_CA_is_rotated_by_two_leaders_and_no_handshake_fails()
    {
        // Lives are such that a change of leaders on a busy machine is short beside them, as it is beside those of days.
        var plan = new RotationPlan(TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(4));
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 0, leaseSeconds: 4, rotation: plan);
        // It is there before anybody could have made a CA.
        await world.ApplyAgentAsync("served", "agent:1");
        await world.AddReplicaAsync();
        await world.AddReplicaAsync();
        await world.UntilServesAsync("served", "agent:1");
        var first = (await SecretAsync(world)).State!;
        Trusted(world).ShouldAllBe(ca => ca == first.Bundle);
        var generation = Generation(world);

        var (handshakes, faults, told, killed) = (0, new List<string>(), new HashSet<string>(), false);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        while (!told.Contains(CertificateReasons.Retired))
        {
            // As a guardrail does, with whatever it was given.
            foreach (var (replica, ca) in world.Replicas.SelectMany(replica => Trusted(world).Select(ca => (replica, ca))))
            {
                handshakes++;
                if (await HandshakeAsync(replica.Options.GrantsPort, ca) is { } fault)
                    faults.Add(fault);
            }
            told.UnionWith(await ReasonsAsync(world));
            if (!killed && told.Contains(CertificateReasons.Announced))
            {
                (await world.LeaderAsync()).Kill();
                killed = true;
            }
            await Task.Delay(100, limit.Token);
        }

        faults.ShouldBeEmpty(world.Explain());
        world
            .Witness.History.Where(seen => seen.Type == ConfigMapView.Resource && seen.Object.Text("data", "config.json") is not null)
            .ShouldAllBe(seen => seen.Object.Text("data", "ca.crt")!.Length > 100, "a guardrail that trusts nobody");
        handshakes.ShouldBeGreaterThan(100);
        told.ShouldBe(
            [
                CertificateReasons.Created,
                CertificateReasons.Renewed,
                CertificateReasons.Announced,
                CertificateReasons.RolledOut,
                CertificateReasons.Switched,
                CertificateReasons.Retired,
            ],
            ignoreOrder: true
        );
        var last = (await SecretAsync(world)).State!;
        await world.UntilAsync(
            "the new CA alone to be trusted",
            () => Trusted(world).All(ca => ca == last.Bundle) && Public(world) == last.Bundle,
            seconds: 10
        );
        last.Bundle.ShouldNotContain(first.Ca.Pem);
        (Generation(world), last.Previous, last.Next).ShouldBe((generation, null, null));
        world.ShouldHaveServed("served", "agent:1");
        foreach (var key in new[] { first.Ca.Key!, first.Leaf.Key!, last.Ca.Key!, last.Leaf.Key! })
        {
            world.Replicas.ShouldAllBe(replica => !replica.Log.Contains(key.Substring(30, 60)) && !replica.Log.Contains("PRIVATE KEY"));
            world.Witness.All(ConfigMapView.Resource).ShouldAllBe(map => !map.Object.ToJsonString().Contains("PRIVATE KEY"));
        }
    }

    [Fact]
    public async Task The_charts_CA_stays_trusted_and_a_broken_Secret_is_told_and_changes_nothing()
    {
        var (secret, old) = ChartMade();
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1, rotation: RotationPlan.Default, secret: secret);
        await world.ApplyAgentAsync("served", "agent:1");
        await world.UntilServesAsync("served", "agent:1");
        await world.UntilAsync(
            "the old and the new CA",
            () => Trusted(world).All(ca => ca.Contains(old) && ca.Length > old.Length + 100),
            seconds: 20
        );
        var port = world.Replicas.Single().Options.GrantsPort;
        (await HandshakeAsync(port, old)).ShouldBeNull("who has only the old CA is served as before");
        (await ReasonsAsync(world)).ShouldNotContain(CertificateReasons.Created);
        await UntilToldAsync(world, CertificateReasons.RolledOut);
        await world.BeQuietAsync();

        await SetAsync(world, new JsonObject { ["tls.key"] = "bm90IGEga2V5" });
        await UntilToldAsync(world, CertificateReasons.Failed);
        (await HandshakeAsync(port, old)).ShouldBeNull("the last good ones stay");
        await world.BeQuietAsync();

        await SetAsync(world, null);
        await UntilToldAsync(world, CertificateReasons.Created);
        await world.UntilAsync("a CA that nobody knew", () => Trusted(world).All(ca => !ca.Contains(old)), seconds: 20);
        (await HandshakeAsync(port, Trusted(world)[0])).ShouldBeNull();
        (await HandshakeAsync(port, old)).ShouldNotBeNull();
        world.ShouldHaveServed("served", "agent:1");
    }

    [Fact]
    public async Task The_charts_rights_are_enough_and_reach_no_other_Secret()
    {
        var ns = await plane.NamespaceAsync();
        var verbs = ChartRule()
            .Match(await File.ReadAllTextAsync(Repository.PathOf("charts", "agent-readiness-operator", "templates", "rbac.yaml")))
            .Groups[1]
            .Value.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        await plane.Api.SendAsync(
            HttpMethod.Post,
            $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "operator" },
                ["rules"] = new JsonArray(
                    new JsonObject
                    {
                        ["apiGroups"] = new JsonArray(string.Empty),
                        ["resources"] = new JsonArray("secrets"),
                        ["resourceNames"] = new JsonArray("own"),
                        ["verbs"] = new JsonArray([.. verbs.Select(verb => (JsonNode)verb)]),
                    }
                ),
            },
            "application/json",
            CancellationToken.None
        );
        await plane.Api.SendAsync(
            HttpMethod.Post,
            $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "operator" },
                ["roleRef"] = new JsonObject
                {
                    ["apiGroup"] = "rbac.authorization.k8s.io",
                    ["kind"] = "Role",
                    ["name"] = "operator",
                },
                ["subjects"] = new JsonArray(
                    new JsonObject
                    {
                        ["apiGroup"] = "rbac.authorization.k8s.io",
                        ["kind"] = "User",
                        ["name"] = "limited",
                    }
                ),
            },
            "application/json",
            CancellationToken.None
        );
        foreach (var name in new[] { "own", "other" })
            await plane.Api.CreateAsync(
                SecretCertificates.Resource,
                ns,
                new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } },
                CancellationToken.None
            );

        var api = new KubernetesApi(plane.CreateClient(new As("limited")), "limited");
        var cache = new ObjectCache<CertificateView>(SecretCertificates.Resource, null, CertificateView.Of)
        {
            Only = new NamespacedName(ns, "own"),
        };
        using var reflector = new Reflector(cache, api, TimeProvider.System, NullLogger<Reflector>.Instance);
        await reflector.StartAsync(CancellationToken.None);
        await cache.Synced.WaitAsync(TimeSpan.FromSeconds(20));
        cache.List().Select(entry => entry.Key.Name).ShouldBe(["own"]);
        var state = CertificateIssuer.Carry(RotationStep.Create, null, "grants", TimeProvider.System.GetUtcNow(), RotationPlan.Default);
        await api.MergePatchAsync(
            SecretCertificates.Resource,
            ns,
            "own",
            null,
            new JsonObject { ["data"] = state.Data() },
            CancellationToken.None
        );
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (cache.List().Single().View.State?.Bundle != state.Bundle)
            await Task.Delay(50, limit.Token);

        foreach (
            var path in new[]
            {
                SecretCertificates.Resource.Path(ns),
                SecretCertificates.Resource.Path(ns, "other"),
                SecretCertificates.Resource.Path("kube-system"),
            }
        )
        {
            var error = await Should.ThrowAsync<KubernetesApiException>(() =>
                api.SendAsync(HttpMethod.Get, path, null, null, CancellationToken.None)
            );
            error.StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden, path);
        }
        await reflector.StopAsync(CancellationToken.None);
    }

    // What a guardrail of any revision mounts.
    private static List<string> Trusted(RolloutWorld world) =>
        [
            .. world
                .Witness.All(ConfigMapView.Resource)
                .Where(map => map.Label(Names.TrackLabel) is not null)
                .Select(map => map.Object.Text("data", "ca.crt")!),
        ];

    private static string? Public(RolloutWorld world) =>
        world.Witness.Get(ConfigMapView.Resource, RolloutWorld.GrantsSecret)?.Object.Text("data", "ca.crt");

    private static long? Generation(RolloutWorld world) =>
        world
            .Witness.All(DeploymentView.Resource)
            .Single(one => one.Label(Names.AgentLabel) == "served")
            .Object.Number("metadata", "generation");

    private static async Task<CertificateView> SecretAsync(RolloutWorld world)
    {
        var secret = await world.Api.GetAsync(SecretCertificates.Resource, world.Ns, RolloutWorld.GrantsSecret, CancellationToken.None);
        using var document = System.Text.Json.JsonDocument.Parse(secret!.ToJsonString());
        return CertificateView.Of(document.RootElement);
    }

    private static Task SetAsync(RolloutWorld world, JsonObject? data) =>
        world.Api.MergePatchAsync(
            SecretCertificates.Resource,
            world.Ns,
            RolloutWorld.GrantsSecret,
            null,
            new JsonObject { ["data"] = data },
            CancellationToken.None
        );

    private static async Task<string?> HandshakeAsync(int port, string ca)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.ImportFromPem(ca);
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", port);
        await using var stream = new SslStream(socket.GetStream());
        try
        {
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", CertificateChainPolicy = policy }
            );
            return null;
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException)
        {
            return exception.Message;
        }
    }

    private static async Task<IEnumerable<string>> ReasonsAsync(RolloutWorld world) =>
        (await world.Api.SendAsync(HttpMethod.Get, Events.Path(world.Ns), null, null, CancellationToken.None))
            .Items("items")
            .Where(item =>
                item.Text("involvedObject", "name") == RolloutWorld.GrantsSecret && item.Text("involvedObject", "kind") == "Secret"
            )
            .Select(item => item.Text("reason")!);

    private static async Task UntilToldAsync(RolloutWorld world, string reason)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        while (!(await ReasonsAsync(world)).Contains(reason))
            await Task.Delay(200, limit.Token);
    }

    // The Secret as the chart leaves it when it upgrades from a CA that it had made; that one's key is nowhere.
    private static (JsonObject Secret, string Ca) ChartMade()
    {
        var made = CertificateIssuer.Carry(RotationStep.Create, null, "127.0.0.1", TimeProvider.System.GetUtcNow(), RotationPlan.Default);
        string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        return (
            new JsonObject
            {
                ["data"] = new JsonObject
                {
                    ["old-ca.crt"] = Base64(made.Ca.Pem),
                    ["old-tls.crt"] = Base64(made.Leaf.Pem),
                    ["old-tls.key"] = Base64(made.Leaf.Key!),
                },
            },
            made.Ca.Pem
        );
    }

    [GeneratedRegex(@"resources: \[secrets\]\s+resourceNames: \[.*\]\s+verbs: \[(.*)\]")]
    private static partial Regex ChartRule();

    private sealed class As(string user) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Add("Impersonate-User", user);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
