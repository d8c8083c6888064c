using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentReadiness.Api.Schema;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>A real etcd and a real kube-apiserver on loopback, with our CRDs: no kubelet, no controllers, ready in seconds.</summary>
public class ControlPlane : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("agent-readiness-api-").FullName;
    private readonly List<Process> processes = [];
    private readonly int port = Ports.Free();
    private Process apiServer = null!;
    private Process? controllers;

    /// <summary>The address of etcd, for the tests that compact it.</summary>
    public string Etcd { get; } = $"http://127.0.0.1:{Ports.Free()}";

    public Kubernetes Client => CreateClient();

    public KubernetesApi Api { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var binaries = Environment.GetEnvironmentVariable("AGENT_READINESS_KUBERNETES") is { Length: > 0 } path
            ? path
            : throw new InvalidOperationException("AGENT_READINESS_KUBERNETES is not set: run these tests through make test-api");
        WriteKeys();
        Start(
            "etcd",
            "etcd",
            "--data-dir",
            Path.Combine(folder, "etcd"),
            "--listen-client-urls",
            Etcd,
            "--advertise-client-urls",
            Etcd,
            "--listen-peer-urls",
            $"http://127.0.0.1:{Ports.Free()}",
            "--unsafe-no-fsync",
            // More than the default of 2 GB, for tests that store as much as a tenant might.
            "--quota-backend-bytes",
            "8589934592"
        );
        StartApiServer(binaries);
        Api = new KubernetesApi(Client, "tests");
        await WaitAsync("/readyz");
        // The endpoint slice controller writes nothing about pods of a node that it does not find.
        await Api.SendAsync(
            HttpMethod.Post,
            "/api/v1/nodes",
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = "hollow" } },
            "application/json",
            CancellationToken.None
        );
        await DefineAsync();
        foreach (var kind in CrdGenerator.Kinds)
            await WaitAsync(ResourceType.Of(kind).Path(null));
    }

    /// <summary>Where its files are.</summary>
    protected string Folder => folder;

    /// <summary>The CA of the certificate by which the API server shows another one that it speaks for somebody.</summary>
    protected string Authority => Path.Combine(folder, "aggregator-ca.crt");

    /// <summary>More arguments of the API server.</summary>
    protected virtual IEnumerable<string> ApiServerArguments => [];

    /// <summary>Brings our kinds to the API server, which may take a moment longer to serve them.</summary>
    protected virtual async Task DefineAsync()
    {
        foreach (var kind in CrdGenerator.Kinds)
        {
            await Api.SendAsync(
                HttpMethod.Post,
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                CrdFiles.Generator().Generate(kind),
                "application/json",
                CancellationToken.None
            );
        }
    }

    public async Task<string> NamespaceAsync()
    {
        var name = $"t-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5))}";
        await Api.SendAsync(
            HttpMethod.Post,
            "/api/v1/namespaces",
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } },
            "application/json",
            CancellationToken.None
        );
        return name;
    }

    /// <summary>Makes etcd forget its history, so that watches from old versions get 410.</summary>
    public async Task CompactAsync()
    {
        using var http = new HttpClient();
        using var status = await http.PostAsync(new Uri($"{Etcd}/v3/maintenance/status"), new StringContent("{}"));
        var revision = JsonNode.Parse(await status.Content.ReadAsStringAsync())!["header"]!["revision"]!.GetValue<string>();
        using var compacted = await http.PostAsync(
            new Uri($"{Etcd}/v3/kv/compaction"),
            new StringContent($$"""{"revision":"{{revision}}","physical":true}""")
        );
        compacted.EnsureSuccessStatusCode();
    }

    /// <summary>Kills the API server as a crash does, and starts it again.</summary>
    public async Task RestartApiServerAsync()
    {
        apiServer.Kill();
        await apiServer.WaitForExitAsync();
        StartApiServer(Environment.GetEnvironmentVariable("AGENT_READINESS_KUBERNETES")!);
        await WaitAsync("/readyz");
    }

    /// <summary>Starts the controllers that a rollout needs, once: Deployments, Jobs, Endpoints, garbage, autoscaling.</summary>
    public void EnsureControllers()
    {
        controllers ??= Start(
            "controllers",
            Path.Combine(Environment.GetEnvironmentVariable("AGENT_READINESS_KUBERNETES")!, "kube-controller-manager"),
            "--kubeconfig",
            WriteKubeconfig(folder),
            "--controllers=deployment,replicaset,endpoint,endpointslice,job,garbagecollector,horizontalpodautoscaling",
            "--leader-elect=false",
            "--port=0",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--horizontal-pod-autoscaler-sync-period=1s",
            "--service-account-private-key-file",
            Path.Combine(folder, "sa.key")
        );
    }

    /// <summary>Ends them, for what is to be measured without them.</summary>
    public async Task StopControllersAsync()
    {
        if (controllers is null)
            return;
        controllers.Kill();
        await controllers.WaitForExitAsync();
        controllers = null;
    }

    /// <summary>Writes a kubeconfig for programs that run beside the tests, and returns its path.</summary>
    public string WriteKubeconfig(string directory)
    {
        var path = Path.Combine(directory, "kubeconfig");
        File.WriteAllText(
            path,
            $$$"""
            apiVersion: v1
            kind: Config
            current-context: tests
            contexts: [{name: tests, context: {cluster: tests, user: tests}}]
            clusters: [{name: tests, cluster: {server: "https://127.0.0.1:{{{port}}}", insecure-skip-tls-verify: true}}]
            users: [{name: tests, user: {token: tests-token}}]
            """
        );
        return path;
    }

    public async Task DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(processes))
        {
            if (!process.HasExited)
                process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        Directory.Delete(folder, recursive: true);
    }

    public Kubernetes CreateClient(params DelegatingHandler[] handlers) =>
        new(
            new KubernetesClientConfiguration
            {
                Host = $"https://127.0.0.1:{port}",
                AccessToken = "tests-token",
                SkipTlsVerify = true,
            },
            handlers
        );

    private void StartApiServer(string binaries) =>
        apiServer = Start(
            "apiserver",
            Path.Combine(binaries, "kube-apiserver"),
            [
                .. ApiServerArguments,
                "--etcd-servers",
                Etcd,
                "--bind-address",
                "127.0.0.1",
                "--secure-port",
                $"{port}",
                "--cert-dir",
                Path.Combine(folder, "certs"),
                "--token-auth-file",
                Path.Combine(folder, "tokens.csv"),
                "--service-account-key-file",
                Path.Combine(folder, "sa.pub"),
                "--service-account-signing-key-file",
                Path.Combine(folder, "sa.key"),
                "--service-account-issuer",
                "https://kubernetes.default.svc",
                "--service-cluster-ip-range",
                "10.97.0.0/16",
                "--authorization-mode",
                "RBAC",
                "--disable-admission-plugins",
                "ServiceAccount",
                "--advertise-address",
                "127.0.0.2",
                // What it shows a server behind its aggregation layer.
                "--requestheader-client-ca-file",
                Authority,
                "--requestheader-username-headers",
                "X-Remote-User",
                "--requestheader-group-headers",
                "X-Remote-Group",
                "--requestheader-extra-headers-prefix",
                "X-Remote-Extra-",
                "--proxy-client-cert-file",
                Path.Combine(folder, "aggregator.crt"),
                "--proxy-client-key-file",
                Path.Combine(folder, "aggregator.key"),
            ]
        );

    private void WriteKeys()
    {
        using var key = RSA.Create(2048);
        File.WriteAllText(Path.Combine(folder, "sa.key"), key.ExportRSAPrivateKeyPem());
        File.WriteAllText(Path.Combine(folder, "sa.pub"), key.ExportSubjectPublicKeyInfoPem());
        File.WriteAllText(Path.Combine(folder, "tokens.csv"), "tests-token,tests,tests,\"system:masters\"\n");
        WriteAggregatorCertificates();
    }

    private void WriteAggregatorCertificates()
    {
        var (begin, end) = (TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var caRequest = new CertificateRequest("CN=aggregator-ca", caKey, HashAlgorithmName.SHA256);
        caRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        caRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var ca = caRequest.CreateSelfSigned(begin, end);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=aggregator", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var leaf = request.Create(ca, begin, end, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Authority, ca.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "aggregator.crt"), leaf.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "aggregator.key"), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The log of a program that <see cref="Start"/> began.</summary>
    protected string Log(string name) => Path.Combine(folder, $"{name}.log");

    /// <summary>Starts a program that ends with the control plane.</summary>
    protected Process Start(string name, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "sh", Log(name), program },
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        processes.Add(process);
        return process;
    }

    private async Task WaitAsync(string path)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var response = await Api.OpenAsync(HttpMethod.Get, path, null, null, CancellationToken.None);
                return;
            }
            catch (Exception exception) when (attempt < 300 && exception is HttpRequestException or KubernetesApiException)
            {
                if (apiServer.HasExited)
                    throw new InvalidOperationException(await File.ReadAllTextAsync(Log("apiserver")), exception);
                await Task.Delay(100);
            }
        }
    }
}
