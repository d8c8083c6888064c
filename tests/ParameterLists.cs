using System.Reflection;
using System.Runtime.CompilerServices;

namespace AgentReadiness.Testing;

/// <summary>Finds constructors and methods that take too many things to remember their order.</summary>
internal static class ParameterLists
{
    /// <summary>The most parameters; what needs more has parts that deserve a name.</summary>
    public const int Most = 7;

    /// <summary>Those of an assembly that have more, each as "Type.Member has N parameters".</summary>
    public static IReadOnlyList<string> TooLong(Assembly assembly) =>
        [
            .. assembly
                .GetTypes()
                .Where(type => !IsGenerated(type))
                .SelectMany(type =>
                    type.GetMembers(
                            BindingFlags.DeclaredOnly
                                | BindingFlags.Instance
                                | BindingFlags.Static
                                | BindingFlags.Public
                                | BindingFlags.NonPublic
                        )
                        .OfType<MethodBase>()
                )
                .Where(method => method.GetParameters().Length > Most && !IsGenerated(method) && !IsLogLine(method))
                .Select(method => $"{method.DeclaringType!.Name}.{method.Name} has {method.GetParameters().Length} parameters")
                .Order(StringComparer.Ordinal),
        ];

    private static bool IsGenerated(MemberInfo member) =>
        member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
        || member.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute), inherit: false)
        || (member.DeclaringType is { } outer && IsGenerated(outer));

    // The parameters of a log line are the values that its text names, and the compiler compares them with it.
    private static bool IsLogLine(MethodBase method) =>
        method.GetCustomAttributesData().Any(attribute => attribute.AttributeType.Name == "LoggerMessageAttribute");
}
