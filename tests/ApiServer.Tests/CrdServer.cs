using System.Diagnostics;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>
/// The apiextensions-apiserver of a current Kubernetes: it compiles CEL rules, estimates their cost, and checks defaults by them. It has no
/// <c>/api</c>; who asks, and what they may, it asks the kube-apiserver of the control plane.
/// </summary>
/// <param name="process">The program.</param>
/// <param name="log">What it wrote.</param>
/// <param name="port">Where it listens.</param>
public sealed class CrdServer(Process process, string log, int port)
{
    /// <summary>The program's file, as make test-api built it.</summary>
    public static string Program =>
        Environment.GetEnvironmentVariable("AGENT_READINESS_CRD_SERVER") is { Length: > 0 } path
            ? Path.Combine(path, "apiextensions-apiserver")
            : throw new InvalidOperationException("AGENT_READINESS_CRD_SERVER is not set: run these tests through make test-api");

    /// <summary>Where it listens.</summary>
    public int Port => port;

    /// <summary>Asks it without the kube-apiserver between.</summary>
    public KubernetesApi Api { get; } =
        new(
            new Kubernetes(
                new KubernetesClientConfiguration
                {
                    Host = $"https://127.0.0.1:{port}",
                    AccessToken = "tests-token",
                    SkipTlsVerify = true,
                }
            ),
            "tests"
        );

    /// <summary>The arguments of the program.</summary>
    /// <param name="etcd">The address of etcd, which the kube-apiserver uses too.</param>
    /// <param name="kubeconfig">The kube-apiserver.</param>
    /// <param name="authority">The file of the CA by which the kube-apiserver shows that it speaks for somebody.</param>
    /// <param name="folder">For its own certificate.</param>
    /// <param name="port">Where it is to listen.</param>
    public static string[] Arguments(string etcd, string kubeconfig, string authority, string folder, int port) =>
        [
            "--etcd-servers",
            etcd,
            "--etcd-prefix",
            "/crd",
            "--bind-address",
            "127.0.0.1",
            "--secure-port",
            $"{port}",
            "--cert-dir",
            Path.Combine(folder, "crd-server"),
            "--kubeconfig",
            kubeconfig,
            "--authentication-kubeconfig",
            kubeconfig,
            "--authorization-kubeconfig",
            kubeconfig,
            "--authentication-skip-lookup",
            "--client-ca-file",
            authority,
            "--requestheader-client-ca-file",
            authority,
            "--requestheader-username-headers",
            "X-Remote-User",
            "--requestheader-group-headers",
            "X-Remote-Group",
            "--requestheader-extra-headers-prefix",
            "X-Remote-Extra-",
            // It would ask the kube-apiserver for kinds of a current Kubernetes.
            "--enable-priority-and-fairness=false",
            "--disable-admission-plugins",
            "ValidatingAdmissionPolicy,MutatingAdmissionPolicy",
        ];

    /// <summary>Waits until it answers.</summary>
    public async Task WaitAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var response = await Api.OpenAsync(HttpMethod.Get, "/readyz", null, null, CancellationToken.None);
                return;
            }
            catch (Exception exception) when (attempt < 600 && exception is HttpRequestException or KubernetesApiException)
            {
                if (process.HasExited)
                    throw new InvalidOperationException(await File.ReadAllTextAsync(log), exception);
                await Task.Delay(100);
            }
        }
    }

    /// <summary>Creates a definition, and waits until the server serves it.</summary>
    /// <returns>The definition as the server has it, with its conditions.</returns>
    /// <exception cref="KubernetesApiException">It refused the definition.</exception>
    public async Task<JsonObject> DefineAsync(JsonObject definition)
    {
        const string collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        await Api.SendAsync(HttpMethod.Post, collection, definition, "application/json", CancellationToken.None);
        var name = definition["metadata"]!["name"]!.GetValue<string>();
        for (var attempt = 0; ; attempt++)
        {
            var seen = await Api.SendAsync(HttpMethod.Get, $"{collection}/{name}", null, null, CancellationToken.None);
            if (IsTrue(seen, "Established"))
                return seen;
            attempt.ShouldBeLessThan(300, $"{name} is not established: {seen["status"]?.ToJsonString()}");
            await Task.Delay(100);
        }
    }

    /// <summary>Whether a definition has a condition.</summary>
    public static bool IsTrue(JsonObject definition, string condition) =>
        (definition["status"]?["conditions"]?.AsArray() ?? []).Any(entry =>
            entry!["type"]!.GetValue<string>() == condition && entry["status"]!.GetValue<string>() == "True"
        );
}
