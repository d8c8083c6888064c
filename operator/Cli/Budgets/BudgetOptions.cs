using System.CommandLine;
using k8s.Exceptions;

namespace AgentReadiness.Cli.Budgets;

/// <summary>What every budget command takes: whose budget, and which cluster.</summary>
/// <param name="connect">Makes the connection.</param>
internal sealed class BudgetOptions(Func<ClusterOptions, Cluster> connect)
{
    /// <summary>The exit code of anything that was not done.</summary>
    public const int Refused = 2;

    private readonly Argument<string> name = new("NAME")
    {
        Description = "agd/NAME or NAME for an AgentDeployment, agb/NAME for a shared budget.",
    };
    private readonly Option<string?> space = new("--namespace", "-n") { Description = "The namespace; else the kubeconfig context's." };
    private readonly Option<string?> context = new("--context") { Description = "The kubeconfig's context; else its current one." };
    private readonly Option<string?> kubeconfig = new("--kubeconfig") { Description = "The kubeconfig file; else as kubectl finds it." };

    /// <summary>Adds the options to a command and runs what it does; what goes wrong is one line on standard error.</summary>
    public Command AddTo(Command command, Func<ParseResult, Cluster, BudgetTarget, CancellationToken, Task<int>> act)
    {
        command.Add(name);
        command.Add(space);
        command.Add(context);
        command.Add(kubeconfig);
        command.SetAction(
            async (parsed, stop) =>
            {
                try
                {
                    using var cluster = connect(new ClusterOptions(parsed.GetValue(kubeconfig), parsed.GetValue(context)));
                    return await act(
                        parsed,
                        cluster,
                        BudgetTarget.Parse(parsed.GetRequiredValue(name), parsed.GetValue(space) ?? cluster.Namespace),
                        stop
                    );
                }
                catch (Exception fault)
                    when (fault
                            is RefusalException
                                or ClusterException
                                or HttpRequestException
                                or KubeConfigException
                                or IOException
                                or UnauthorizedAccessException
                                or YamlDotNet.Core.YamlException
                                or System.Security.Cryptography.CryptographicException
                    )
                {
                    await parsed.InvocationConfiguration.Error.WriteLineAsync($"error: {BudgetText.Plain(fault.Message)}");
                    return Refused;
                }
            }
        );
        return command;
    }
}
