using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Why a Job has no pod. A Job's status does not say it; the events that its controller writes do.</summary>
internal static class JobRefusals
{
    private const int MostBytes = 1024;

    /// <summary>The message of the last pod that was refused; null where there is none.</summary>
    /// <exception cref="KubernetesApiException">The API server refused to answer.</exception>
    public static async Task<string?> LastAsync(KubernetesApi api, Meta job, CancellationToken cancellationToken)
    {
        var selector = Uri.EscapeDataString($"involvedObject.uid={job.Uid},reason=FailedCreate");
        var list = await api.SendAsync(
            HttpMethod.Get,
            $"{EventRecorder.Events.Path(job.Key.Namespace)}?fieldSelector={selector}&limit=100",
            null,
            null,
            cancellationToken
        );
        var last = list.View(events =>
            events
                .Items("items")
                .OrderBy(said => said.Text("lastTimestamp") ?? said.Text("eventTime") ?? string.Empty, StringComparer.Ordinal)
                .Select(said => said.Text("message"))
                .LastOrDefault()
        );
        return last is null ? null
            : last.Length <= MostBytes ? $"the runner's pod was refused: {last}"
            : $"the runner's pod was refused: {last[..MostBytes]}…";
    }
}
