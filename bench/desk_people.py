"""A company of many people with names as they are in China: surnames by how common they are, given
names of one or two characters by the fashion of three generations. The same seed, the same people."""
import random

# Surnames and how many of ten thousand bear them (about; the hundred most common, and some rare ones).
SURNAMES = """王 722 李 719 张 674 刘 539 陈 453 杨 308 黄 223 赵 215 吴 201 周 201 徐 147 孙 144 马 127 朱 125 胡 115
郭 113 何 111 高 99 林 98 罗 95 郑 85 梁 84 谢 80 宋 79 唐 77 许 77 韩 76 邓 75 冯 73 曹 72 彭 71 曾 65 肖 60 田 60 董 60 潘 59
袁 58 蔡 58 蒋 57 余 57 于 56 杜 55 叶 54 程 53 魏 52 苏 52 吕 51 丁 50 任 48 卢 47 姚 46 沈 46 钟 45 姜 44 崔 44 谭 43 陆 43
范 42 汪 41 廖 41 石 41 金 40 韦 39 贾 39 夏 38 付 38 方 37 邹 36 熊 36 白 36 孟 34 秦 34 邱 33 侯 33 江 32 尹 31 薛 31 闫 30
段 29 雷 29 龙 28 黎 28 史 28 陶 27 贺 27 毛 26 郝 26 顾 26 龚 26 邵 25 万 25 覃 24 武 24 钱 24 戴 23 严 23 莫 22 孔 22 向 21
常 21 汤 20 康 18 易 18 乔 17 赖 17 文 16 施 15 洪 14 季 12 樊 11 柳 10 欧阳 9 单 5 上官 1 司马 1 诸葛 1 令狐 1""".split()

# (weight, one character's share in %, first characters, last characters); a character that stands twice is twice as common
FASHIONS = [
    (30, 22, "建建国志文永德明晓小玉秀桂丽春红海国卫新学光庆金凤淑爱立长云少振宏", "国华平军明华英兰珍芳霞梅荣生林文强民红萍玲琴云辉忠东杰义成山海龙福祥"),
    (45, 18, "晓小文志建海永丽雪婷雅艳晓燕玉俊伟学春美金立红佳明国宏亚秋静慧冬", "伟强磊军勇涛超鹏飞杰波斌辉刚峰华明丽娜静敏燕艳娟霞芳玲婷莉丹洁琳梅红萍东林波"),
    (25, 12, "子浩雨宇欣梓佳嘉思一俊诗雅梦若天泽晨诗睿博文心可紫奕明婉书瑞语", "轩涵怡豪杰宇欣妍彤琪瑶萱然悦昊阳晨泽博睿铭瑞辰洋雯茜颖琳婷雪凡逸航远哲"),
]
SINGLE = "伟敏静丽强磊军洋勇艳杰娟涛明超霞平刚辉鹏飞波斌华宇浩凯健俊帆博宁雪琳倩丹莉玲颖洁晨阳昊蕾婷欣悦瑞岩"
DEPARTMENTS = """行政部 人力资源部 法务部 审计部 信息中心 采购部 销售部 市场部 客户部 研究院 设计院 技术部 质量部 安全部 设备部
生产部 物流部 仓储部 档案室 工会 党委办公室 董事会办公室 战略部 投资部 资金部 税务部 预算部 培训中心 物业部 车队 食堂 医务室
一分公司 二分公司 三分公司 四分公司 五分公司 六分公司 七分公司 八分公司 华东公司 华南公司 华北公司 西南公司 西北公司 东北公司
第一项目部 第二项目部 第三项目部 第四项目部 第五项目部 第六项目部 第七项目部 第八项目部 海外部 新能源部 环保部 桥梁部 隧道部 测绘部""".split()
TITLES = ["经理", "副经理", "主管", "工程师", "高级工程师", "专员", "会计", "助理"]


def names(count, seed):
    r = random.Random(seed)
    surnames, weights = SURNAMES[::2], [int(n) for n in SURNAMES[1::2]]
    out = []
    for _ in range(count):
        _, single, first, last = r.choices(FASHIONS, [f[0] for f in FASHIONS])[0]
        given = r.choice(SINGLE) if r.randrange(100) < single else r.choice(first) + r.choice(last)
        out.append(r.choices(surnames, weights)[0] + given)
    return out


def people(count, first_number, seed=3):
    """[{name, department, title, number}]: nobody's reading is given, the switchboard finds it."""
    r = random.Random(seed + 1)
    return [{"name": n, "department": r.choice(DEPARTMENTS), "title": r.choices(["", r.choice(TITLES)], [3, 1])[0],
             "number": str(first_number + i)} for i, n in enumerate(names(count, seed))]
