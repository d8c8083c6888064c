using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using AgentReadiness.Api;
using AgentReadiness.Cli.Budgets;
using AgentReadiness.Cli.Chaos;
using AgentReadiness.Cli.Validation;

namespace AgentReadiness.Cli;

/// <summary>The commands of the program. Only "evals submit", "budget" and "chaos" speak to a cluster.</summary>
internal static class Commands
{
    private const int Good = 0;
    private const int Bad = 1;

    /// <summary>Runs a command line.</summary>
    /// <param name="arguments">As the shell gave them.</param>
    /// <param name="input">What "-" reads, where a text is expected.</param>
    /// <param name="bytes">What "-" reads, where bytes are expected.</param>
    /// <param name="console">Where output and errors go; the console where it is null.</param>
    /// <param name="time">The clock; the system's where it is null.</param>
    /// <param name="connect">Makes connections to clusters; as kubectl does where it is null.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        string[] arguments,
        TextReader input,
        Stream bytes,
        InvocationConfiguration? console = null,
        TimeProvider? time = null,
        Func<ClusterOptions, Cluster>? connect = null
    )
    {
#pragma warning disable RS0030 // A host: this is where the clock is chosen.
        var parsed = Root(input, bytes, time ?? TimeProvider.System, connect ?? Cluster.Connect).Parse(arguments);
#pragma warning restore RS0030
        var code = await parsed.InvokeAsync(console ?? new InvocationConfiguration());
        // The library returns 1 for every wrong command line, but 1 is a verdict of these commands.
        return
            parsed.Action is ParseErrorAction
            && (parsed.CommandResult.Command.Name is EvalsCommand.Group or EvalsCommand.Import || IsBudget(parsed.CommandResult))
            ? EvalsCommand.Usage
            : code;
    }

    private static bool IsBudget(CommandResult command) =>
        command.Command.Name is BudgetCommand.Group or ChaosCommand.Name
        || command.Parent is CommandResult { Command.Name: BudgetCommand.Group };

    private static RootCommand Root(TextReader input, Stream bytes, TimeProvider time, Func<ClusterOptions, Cluster> connect)
    {
        var root = new RootCommand(
            """
            AI agents held to a production bar: what can be told about a manifest or about results of evals without a cluster, and how
            budgets stand in one.

            Exit codes: 0 all is well; 1 the manifest has a problem or cannot be read, or the command line is wrong. "evals", "budget" and
            "chaos" have their own.
            """
        );
        root.Subcommands.Add(
            Command(
                "revision",
                """
                Prints "NAMESPACE/NAME REVISION" for each AgentDeployment of a manifest: the revision that the operator will give it.
                The manifest holds the ConfigMaps that the template refers to as well; their order does not matter.

                Exit codes: 0 every revision is printed; 1 a ConfigMap is missing, or the manifest cannot be read.
                """,
                bytes,
                (manifests => manifests.Agents, "AgentDeployment"),
                Revision
            )
        );
        root.Subcommands.Add(
            Command(
                "check",
                """
                Checks each object of our kinds in a manifest by the schema that the API server has and by the rules of the operator, all at
                once, and prints "FIELD: PROBLEM [ID]". The ID is that of a check in docs/readiness.md, which says what the check proves and
                what to do where it fails. Lines that begin with "hint:" tell what the API server will most likely refuse in the pods, those
                that begin with "unchecked:" what only a server can check; both leave the exit code as it is.

                Exit codes: 0 no problem; 1 at least one problem, or the manifest cannot be read.
                """,
                bytes,
                (manifests => manifests.Objects, $"object of {Names.Group}/{Names.Version}"),
                Check
            )
        );
        root.Subcommands.Add(EvalsCommand.Create(bytes));
        root.Subcommands.Add(PriceCommand.Create(input, time));
        root.Subcommands.Add(BudgetCommand.Create(time, connect));
        root.Subcommands.Add(ChaosCommand.Create(connect));
        var version = new Command("version", "Prints the version of this program.");
        version.SetAction(parsed =>
            parsed.InvocationConfiguration.Output.WriteLine(
                typeof(Commands).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion
            )
        );
        root.Subcommands.Add(version);
        return root;
    }

    private static Command Command(
        string name,
        string description,
        Stream input,
        (Func<Manifests, List<AgentManifest>> Find, string Name) subjects,
        Func<Manifests, TextWriter, TextWriter, int> act
    )
    {
        var file = new Option<string>("--filename", "-f")
        {
            Description = "The manifest, YAML or JSON, of one or more documents; \"-\" is standard input.",
            Required = true,
        };
        var space = new Option<string>("--namespace", "-n")
        {
            Description = "The namespace of objects that name none.",
            DefaultValueFactory = _ => "default",
        };
        var command = new Command(name, description) { file, space };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var error = parsed.InvocationConfiguration.Error;
                try
                {
                    var path = parsed.GetRequiredValue(file);
                    // Bytes, because a decoder would hide those that are no text.
                    var bytes =
                        path == "-" ? await AllOfAsync(input, cancellationToken) : await File.ReadAllBytesAsync(path, cancellationToken);
                    var manifests = Manifests.Read(bytes, parsed.GetRequiredValue(space));
                    if (subjects.Find(manifests).Count == 0)
                        throw new ManifestException($"the manifest has no {subjects.Name}");
                    return act(manifests, parsed.InvocationConfiguration.Output, error);
                }
                catch (Exception exception) when (exception is ManifestException or IOException or UnauthorizedAccessException)
                {
                    await error.WriteLineAsync(PlainLine.Of($"error: {exception.Message}"));
                    return Bad;
                }
            }
        );
        return command;
    }

    private static async Task<byte[]> AllOfAsync(Stream input, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        await input.CopyToAsync(all, cancellationToken);
        return all.ToArray();
    }

    private static int Revision(Manifests manifests, TextWriter output, TextWriter error)
    {
        // Nothing is printed unless every revision is known: a script must not take some lines for all of them.
        var lines = manifests.Agents.Select(agent => $"{agent.Namespace}/{agent.Name} {manifests.RevisionOf(agent)}").ToList();
        lines.ForEach(output.WriteLine);
        return Good;
    }

    private static int Check(Manifests manifests, TextWriter output, TextWriter error)
    {
        var count = 0;
        foreach (var found in manifests.Objects)
        {
            var report = ObjectCheck.Run(found.Tree);
            var lines = report
                .Findings.Select(finding => $"{finding} [{finding.Check.Id}]")
                .Concat(report.Hints.Select(hint => $"hint: {hint}"))
                .Concat(report.Unchecked.Select(rule => $"unchecked: {rule}"));
            foreach (var line in lines)
                output.WriteLine(PlainLine.Of(manifests.Objects.Count == 1 ? line : $"{found.Namespace}/{found.Name}: {line}"));
            count += report.Findings.Count;
        }
        return count == 0 ? Good : Bad;
    }
}
