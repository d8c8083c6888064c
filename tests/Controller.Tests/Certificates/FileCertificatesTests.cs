using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Shared;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.Controller.Tests;

/// <summary>Certificates of somebody else, in a folder that changes as the kubelet changes it.</summary>
public sealed class FileCertificatesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("grants-tls").FullName;
    private readonly HandTime time = new();
    private int changes;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_mounted_Secret_is_read_again_and_a_broken_one_is_not_used()
    {
        var (first, second) = (Make(), Make());
        Mount(first.Ca.Pem, first.Leaf.Pem, first.Leaf.Key!);
        foreach (var name in new[] { "ca.crt", "tls.crt", "tls.key" })
            File.CreateSymbolicLink(Path.Combine(folder, name), Path.Combine("..data", name));
        using var files = new FileCertificates(Options(), time, NullLogger<FileCertificates>.Instance);
        files.Changed += () => changes++;
        await files.StartAsync(CancellationToken.None);
        Serves(files).ShouldBe((first.Bundle, first.Leaf.Certificate.Thumbprint, 0));

        // The links that the program opens stay what they are.
        Mount(second.Ca.Pem, first.Leaf.Pem, second.Leaf.Key!);
        time.Tick();
        Serves(files).ShouldBe((first.Bundle, first.Leaf.Certificate.Thumbprint, 0), "a key of another certificate");
        Mount(second.Ca.Pem, second.Leaf.Pem, second.Leaf.Key!);
        time.Tick();
        time.Tick();
        Serves(files).ShouldBe((second.Bundle, second.Leaf.Certificate.Thumbprint, 1));
        Directory.Delete(Path.Combine(folder, "..data"), recursive: true);
        time.Tick();
        Serves(files).ShouldBe((second.Bundle, second.Leaf.Certificate.Thumbprint, 1));
        await files.StopAsync(CancellationToken.None);
    }

    [Fact]
    public void An_operator_does_not_start_without_them() =>
        Should.Throw<IOException>(() => new FileCertificates(Options(), time, NullLogger<FileCertificates>.Instance));

    private (string?, string, int) Serves(FileCertificates files) => (files.Bundle, files.Leaf!.Thumbprint, changes);

    private static CertificateState Make() =>
        CertificateIssuer.Carry(RotationStep.Create, null, "grants", TimeProvider.System.GetUtcNow(), RotationPlan.Default);

    private OperatorOptions Options() =>
        new()
        {
            Namespace = "platform",
            PodName = "operator",
            PodIp = "10.0.0.1",
            GuardrailImage = "g",
            EvalRunnerImage = "e",
            GrantsUrl = "https://grants",
            GrantsTlsDirectory = folder,
        };

    private void Mount(string ca, string certificate, string key)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "..data")).FullName;
        File.WriteAllText(Path.Combine(data, "ca.crt"), ca);
        File.WriteAllText(Path.Combine(data, "tls.crt"), certificate);
        File.WriteAllText(Path.Combine(data, "tls.key"), key);
    }

    // Timers fire by hand.
    private sealed class HandTime : TimeProvider
    {
        private Action tick = () => { };

        public void Tick() => tick();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            tick = () => callback(state);
            return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
