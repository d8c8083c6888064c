using System.CommandLine;
using k8s.Exceptions;

namespace AgentReadiness.Cli.Budgets;

/// <summary>The options that every command on an object of a cluster takes: which object, and which cluster.</summary>
/// <param name="connect">Makes the connection.</param>
internal sealed class BudgetOptions(Func<ClusterOptions, Cluster> connect)
{
    /// <summary>The exit code where the command was not carried out.</summary>
    public const int Refused = 2;

    private readonly Argument<string> name = new("NAME")
    {
        Description = "agd/NAME or NAME for an AgentDeployment, agb/NAME for a shared budget.",
    };
    private readonly Option<string?> space = new("--namespace", "-n")
    {
        Description = "The namespace. Without it, that of the kubeconfig's context.",
    };
    private readonly Option<string?> context = new("--context") { Description = "The kubeconfig's context. Without it, the current one." };
    private readonly Option<string?> kubeconfig = new("--kubeconfig")
    {
        Description = "The kubeconfig file. Without it, the one that kubectl would use.",
    };

    /// <summary>Adds the options to a command and sets its action. An error is told in one line on standard error.</summary>
    public Command AddTo(Command command, Func<ParseResult, Cluster, BudgetTarget, CancellationToken, Task<int>> act)
    {
        command.Add(name);
        command.Add(space);
        command.Add(context);
        command.Add(kubeconfig);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                try
                {
                    using var cluster = connect(new ClusterOptions(parsed.GetValue(kubeconfig), parsed.GetValue(context)));
                    return await act(
                        parsed,
                        cluster,
                        BudgetTarget.Parse(parsed.GetRequiredValue(name), parsed.GetValue(space) ?? cluster.Namespace),
                        cancellationToken
                    );
                }
                catch (Exception exception)
                    when (exception
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
                    await parsed.InvocationConfiguration.Error.WriteLineAsync($"error: {BudgetText.Plain(exception.Message)}");
                    return Refused;
                }
            }
        );
        return command;
    }
}
