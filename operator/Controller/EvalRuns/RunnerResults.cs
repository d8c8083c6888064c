using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Reads the results that a reporter left: in its message where they are small, else in its log.</summary>
internal sealed class RunnerResults(KubernetesApi api)
{
    /// <summary>The results as the runner wrote them, or why they cannot be read now.</summary>
    public async Task<(byte[]? Native, string? Problem)> ReadAsync(ReporterMessage report, PodView pod, CancellationToken cancellationToken)
    {
        if (report.Results is { } inline)
            return ResultsLog.TryInline(inline, report.Digest, out var small, out var broken) ? (small, null) : (null, broken);
        try
        {
            var path =
                $"{PodView.Resource.Path(pod.Meta.Key.Namespace, pod.Meta.Key.Name, "log")}?container={RunnerJob.Reporter}"
                + $"&limitBytes={ResultsLog.MaxLogBytes}";
            using var response = await api.OpenAsync(HttpMethod.Get, path, null, null, cancellationToken);
            await using var log = await response.Content.ReadAsStreamAsync(cancellationToken);
            // The log is read to its end before it is searched, so that a part is not taken for the whole when the connection breaks.
            using var copy = new MemoryStream();
            await log.CopyToAsync(copy, cancellationToken);
            copy.Position = 0;
            return ResultsLog.TryRead(copy, report.Digest, out var native, out var problem) ? (native, null) : (null, problem);
        }
        catch (Exception exception) when (exception is KubernetesApiException or HttpRequestException or IOException)
        {
            return (null, exception.Message);
        }
    }
}
