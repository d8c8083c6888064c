using System.Text;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// The container's termination message. It is written before the closing reports are sent, and taken back once they are answered: a process
/// that is killed meanwhile has said what it had to say. The kubelet reads it when the process is over.
/// </summary>
internal sealed class FinalReportFile(string path, GrantAccount account, OrphanedHolders orphaned, ILogger<FinalReportFile> logger)
{
    /// <summary>Leaves what is not answered; nothing where all is.</summary>
    public void Leave() => Write(FinalReports.Write([.. account.Closings(), .. orphaned.Left]));

    private void Write(string message)
    {
        try
        {
            // The kubelet made it; outside of a pod there is none, and none is to be made.
            using var file = new FileStream(path, FileMode.Truncate, FileAccess.Write);
            file.Write(Encoding.UTF8.GetBytes(message));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (message.Length > 0)
                logger.FinalReportsNotWritten(exception.Message);
        }
    }
}
