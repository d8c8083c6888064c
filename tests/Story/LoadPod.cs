namespace AgentReadiness.Story;

/// <summary>What a load client counted.</summary>
/// <param name="Sent">Requests.</param>
/// <param name="Ok">Answers of 2xx.</param>
/// <param name="Failed">All others, lost connections included.</param>
/// <param name="FirstError">The first failure.</param>
public sealed record LoadSummary(long Sent, long Ok, long Failed, string? FirstError);

/// <summary>A pod that sends requests the whole time, and its log.</summary>
public sealed class LoadPod
{
    private readonly string name;
    private readonly string ns;
    private readonly Lock gate = new();
    private readonly TaskCompletionSource firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task following = Task.CompletedTask;
    private string last = string.Empty;

    private LoadPod(string ns, string name)
    {
        this.ns = ns;
        this.name = name;
    }

    /// <summary>Starts one and waits until it sends.</summary>
    public static async Task<LoadPod> StartAsync(
        string ns,
        string name,
        string image,
        IEnumerable<string> arguments,
        CancellationToken cancellationToken
    )
    {
        var pod = new LoadPod(ns, name);
        var manifest = $$$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{{name}}}, namespace: {{{ns}}}}
            spec:
              restartPolicy: Never
              # What it has in flight when it is told to stop counts too.
              terminationGracePeriodSeconds: 90
              automountServiceAccountToken: false
              securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
              containers:
              - name: client
                image: {{{image}}}
                args: {{{JsonSerializer.Serialize((string[])["client", .. arguments])}}}
                env: [{name: DOTNET_EnableDiagnostics, value: "0"}]
                securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
            """;
        await CommandLine.RunAsync("kubectl", ["-n", ns, "delete", "pod", name, "--ignore-not-found", "--wait"], null, cancellationToken);
        await CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], manifest, cancellationToken);
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", ns, "wait", "--for=condition=Ready", "--timeout=90s", $"pod/{name}"],
            null,
            cancellationToken
        );
        pod.following = CommandLine.FollowAsync("kubectl", ["-n", ns, "logs", "-f", name], pod.Note, cancellationToken);
        await pod.firstLine.Task.WaitAsync(TimeSpan.FromSeconds(90), cancellationToken);
        return pod;
    }

    /// <summary>Ends it and returns its last count.</summary>
    public async Task<LoadSummary> StopAsync(CancellationToken cancellationToken)
    {
        await CommandLine.RunAsync("kubectl", ["-n", ns, "delete", "pod", name, "--wait"], null, cancellationToken);
        await following.WaitAsync(TimeSpan.FromSeconds(90), cancellationToken);
        string line;
        lock (gate)
            line = last;
        using var summary = JsonDocument.Parse(line);
        var root = summary.RootElement;
        return new LoadSummary(
            root.GetProperty("sent").GetInt64(),
            root.GetProperty("ok").GetInt64(),
            root.GetProperty("failed").GetInt64(),
            root.TryGetProperty("firstError", out var error) ? error.GetString() : null
        );
    }

    /// <summary>Ends it at once and counts nothing: what it has in flight may wait for pods that are gone.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        await CommandLine.RunAsync("kubectl", ["-n", ns, "delete", "pod", name, "--grace-period=1", "--wait"], null, cancellationToken);
        await following.WaitAsync(TimeSpan.FromSeconds(90), cancellationToken);
    }

    private void Note(string line)
    {
        if (!line.StartsWith('{'))
            return;
        lock (gate)
            last = line;
        firstLine.TrySetResult();
    }
}
